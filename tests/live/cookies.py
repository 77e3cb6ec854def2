"""The cookies of a server under test, whose names end with a digest of its secret key."""

from __future__ import annotations

from collections.abc import Mapping


def cookie(cookies: Mapping[str, str], kind: str) -> str:
    """Return the `session` or `csrf` cookie; "" for none."""
    return next((value for name, value in cookies.items() if name.startswith(f"chat_{kind}_")), "")
