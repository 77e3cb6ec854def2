"""Tools of MCP servers among the tools of a model: their names, and what servers say of them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection
from typing import Any

# Providers take 64 characters.
NAME_CHARACTERS = 64
# Of the digest that tells two tools apart whose names would be the same: 32 bits, for at most some hundred tools.
DIGEST_CHARACTERS = 8


def distinct_names(server: str, names: Collection[str], reserved: Collection[str]) -> dict[str, str]:
    """Return a valid name for each of a server's tools, `<server>_<tool>`, independent of their order.

    Where two would be the same, or one is reserved, all except the one that needs no change get a digest of their own name.
    """
    valid = {name: _valid(f"{server}_{name}") for name in names}
    uses = Counter(valid.values())
    return {
        name: short
        if short not in reserved and (uses[short] == 1 or short == f"{server}_{name}")
        else _with_digest(short, name)
        for name, short in valid.items()
    }


def _valid(name: str) -> str:
    return re.sub("[^A-Za-z0-9_-]", "_", name)[:NAME_CHARACTERS]


def _with_digest(short: str, name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST_CHARACTERS]
    return f"{short[: NAME_CHARACTERS - DIGEST_CHARACTERS - 1]}_{digest}"


def is_read_only(listed: Any) -> bool:
    """Return whether a server marks a tool as one that changes nothing. Servers may lie."""
    return getattr(listed.annotations, "read_only_hint", None) is True
