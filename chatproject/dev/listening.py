"""The listening sockets. `up` opens them once and hands them to every server process: while one restarts, clients wait
in the queue and are not refused.
"""

from __future__ import annotations

import ipaddress
import resource
import socket
from contextlib import suppress
from typing import Any

BACKLOG = 1024  # connections not yet accepted: a burst of 200 waited up to three seconds on Twisted's 50

Address = tuple[socket.AddressFamily, Any]


def resolve(host: str, port: int) -> list[Address]:
    """Every address that `host` stands for. Raises SystemExit with one line when it stands for none."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as problem:
        raise SystemExit(f"--host {host}: {problem.strerror}.") from None
    return list(dict.fromkeys((family, address) for family, _, _, _, address in found))


def loopback(addresses: list[Address]) -> bool:
    """Whether nobody but this machine can reach them."""
    return all(ipaddress.ip_address(address[0].partition("%")[0]).is_loopback for _, address in addresses)


def listen(addresses: list[Address]) -> list[socket.socket]:
    """Sockets on all the addresses; port 0 becomes a free one, the same for all.

    Raises SystemExit with one line when a port is taken.
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
    """Where this machine reaches the listener: one on every address is on the loopback too."""
    host, port = listener.getsockname()[:2]
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port


def raise_file_limit() -> None:
    """As many open files as allowed, for this process and its children: a thousand readers are a thousand sockets."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in (hard, 10_240):  # macOS names no limit, and refuses more than this
        with suppress(ValueError, OSError):
            if limit > soft or limit == resource.RLIM_INFINITY:
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
            return
