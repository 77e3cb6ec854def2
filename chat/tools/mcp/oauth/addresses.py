"""Addresses to which tokens and codes may go."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import SplitResult, urlsplit


def is_loopback(host: str) -> bool:
    """Return True for a host on this machine, by name or by number."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_private(host: str) -> bool:
    """Return True for this machine, and for a number, in any spelling, of a network that is not public."""
    try:
        # As the resolver reads it: 127.1 and 0x7f000001 are numbers, too.
        address = ipaddress.ip_address(host if ":" in host else socket.inet_aton(host))
    except (OSError, ValueError):
        return host.rstrip(".") == "localhost" or host.rstrip(".").endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global


def is_allowed(url: str, server: str) -> bool:
    """Return True for an https address, or an http one where it and the MCP server are on loopback.

    A public server must not make this process call a private number.
    """
    found, own = _split(url), _split(server)
    if found is None or own is None or not found.hostname or "@" in found.netloc:
        return False
    own_host = own.hostname or ""
    if is_private(found.hostname) and not is_private(own_host):
        return False
    return found.scheme == "https" or (
        found.scheme == "http" and is_loopback(found.hostname) and is_loopback(own_host)
    )


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
