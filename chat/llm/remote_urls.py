"""Addresses in content parts: a model's server fetches them, so none may lead to its own machine or network."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

# Names at the end of hosts that are known in a private network alone.
PRIVATE_SUFFIXES = frozenset(
    {"corp", "home", "internal", "intranet", "invalid", "lan", "local", "localdomain", "localhost", "private"}
)


def has_private_url(part: Any) -> bool:
    """Return whether a content part (`image_url`, `video_url`, …) names an address that is not public."""
    fields = part.items() if isinstance(part, dict) else ()
    return any(
        not is_public(_url(value)) for name, value in fields if name.endswith("_url") and value is not None
    )


def _url(value: Any) -> Any:
    return value.get("url") if isinstance(value, dict) else value


def is_public(url: Any) -> bool:
    """Return whether an address is data, or names a public host by HTTP."""
    if not isinstance(url, str):
        return False
    if url[:5].lower() == "data:":
        return True
    # Readers of addresses disagree about these characters.
    if any(sign in "\\@" or ord(sign) <= 32 or ord(sign) == 127 for sign in url):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and _is_public_host(host)


def _is_public_host(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        # Numbers of other forms (127.1, 0x7f.1, 2130706433) are addresses for some readers.
        *names, last = host.rstrip(".").split(".")
        return bool(names) and (last.isalpha() or last.startswith("xn--")) and last not in PRIVATE_SUFFIXES
    return (getattr(address, "ipv4_mapped", None) or address).is_global
