"""The listening sockets of a server.

`up` opens them once and passes them to every server process: while one restarts, its clients wait in the sockets' queue
and are not refused.
"""

from __future__ import annotations

import ipaddress
import resource
import socket
from contextlib import suppress
from typing import Any

# Connections that wait to be accepted: with Twisted's 50 a burst of 200 waited up to three seconds.
BACKLOG = 1024

Address = tuple[socket.AddressFamily, Any]


def resolve(host: str, port: int) -> list[Address]:
    """Return every address of `host`. Raise SystemExit with one line when there is none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as problem:
        raise SystemExit(f"--host {host}: {problem.strerror}.") from None
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def loopback(addresses: list[Address]) -> bool:
    """Return True if only this machine can reach the addresses."""
    return all(ipaddress.ip_address(address[0].partition("%")[0]).is_loopback for _, address in addresses)


def listen(addresses: list[Address]) -> list[socket.socket]:
    """Open a listening socket on each address. Port 0 becomes a free port, the same for all.

    Raise SystemExit with one line when a port is taken.
    """
    sockets: list[socket.socket] = []
    for family, address in addresses:
        port = address[1] or (sockets[0].getsockname()[1] if sockets else 0)
        try:
            sockets.append(_bound(family, (address[0], port, *address[2:])))
        except OSError as problem:
            raise SystemExit(
                f"Port {port} of {address[0]} cannot be used: {problem.strerror}. Choose another with --port."
            ) from None
    return sockets


def _bound(family: socket.AddressFamily, address: tuple[Any, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # IPv4 has a socket of its own
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def reachable(listener: socket.socket) -> tuple[str, int]:
    """Return the host and port by which this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port


def raise_file_limit() -> None:
    """Raise the limit of open files, for this process and its children: each reader is a socket."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (hard, 10_240):  # macOS names no limit, and refuses more than this
        with suppress(ValueError, OSError):
            if limit > soft or limit == resource.RLIM_INFINITY:
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            return
