"""Which pages may talk to us: this site's own, and those that CHAT_ALLOWED_ORIGINS names."""

from __future__ import annotations

from chat.conf import settings

OWN_FETCH_SITES = ("same-origin", "none")  # of Sec-Fetch-Site: this very origin, or typed by the user


def is_allowed(origin: str, scheme: str, host: str) -> bool:
    """Whether an Origin header (RFC 6454; `null` never) is the one that the request's own Host names, or an allowed one."""
    origin = origin.lower()
    return origin == f"{scheme}://{host}".lower() or origin in {
        one.lower().rstrip("/") for one in settings.allowed_origins
    }
