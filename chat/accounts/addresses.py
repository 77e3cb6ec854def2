"""Addresses of clients, as attempts are counted by them."""

from __future__ import annotations

import re
from ipaddress import IPv6Address, IPv6Network, ip_address

from django.http import HttpRequest

from chat.conf import settings

# One subscriber of IPv6 gets at least a /64, and can send from every address in it (RFC 6177).
IPV6_PREFIX = 64

# An address with a port, as some proxies write it into X-Forwarded-For: 192.0.2.1:80, [2001:db8::1]:80 or [2001:db8::1].
_WITH_PORT = re.compile(r"(?:\[([^\]]*)\]|(\d+(?:\.\d+){3}))(?::\d+)?")


def address_of(request: HttpRequest) -> str | None:
    """Return the client's address, an IPv6 one as its /64 network; None if it is unknown.

    Behind a trusted proxy it is the last of `X-Forwarded-For`, which alone a client cannot choose.
    """
    if settings.trusted_proxy:
        return normalize(request.headers.get("X-Forwarded-For", "").rpartition(",")[2])
    return normalize(request.META.get("REMOTE_ADDR") or "")


def normalize(text: str) -> str | None:
    """Return an address without its port, an IPv6 one as its /64 network; None for anything else."""
    text = text.strip()
    if match := _WITH_PORT.fullmatch(text):
        text = match[1] or match[2] or ""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), IPV6_PREFIX), strict=False))
