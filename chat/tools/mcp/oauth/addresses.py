"""Addresses to which tokens and codes may go."""

from __future__ import annotations

import ipaddress
from urllib.parse import SplitResult, urlsplit


def is_loopback(host: str) -> bool:
    """Return True for a host on this machine, by name or by number."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_allowed(url: str, server: str) -> bool:
    """Return True for an https address, or a loopback one where the MCP server itself is on loopback."""
    found, own = _split(url), _split(server)
    if found is None or own is None or not found.hostname or "@" in found.netloc:
        return False
    on_loopback = is_loopback(own.hostname or "")
    return found.scheme == "https" or (found.scheme == "http" and is_loopback(found.hostname) and on_loopback)


def origin(url: str) -> str:
    """Return scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises ValueError for a number that is none
    except ValueError:
        return None
    return parts
