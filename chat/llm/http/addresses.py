"""New connections to a host by its addresses, tried in parallel as RFC 8305 describes ("happy eyeballs")."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable
from contextlib import suppress
from itertools import chain, zip_longest
from typing import Any

from chat.llm.http.connections import UpstreamConnection

# Seconds until the next address is tried beside those that have not answered yet (RFC 8305, section 5).
ATTEMPT_DELAY = 0.25
# Addresses of one host that are tried; the others of a longer list are most often the same machines.
MAX_ADDRESSES = 8

Address = tuple[socket.AddressFamily, Any]


async def connect(host: str, port: int, tls: ssl.SSLContext | None) -> UpstreamConnection:
    """Return a connection to the first address of the host that answers. Raise OSError where none does."""
    loop = asyncio.get_running_loop()
    connected = await _first_connected(await addresses(host, port))
    try:
        _, connection = await loop.create_connection(
            UpstreamConnection, sock=connected, ssl=tls, server_hostname=host if tls else None
        )
    except BaseException:
        connected.close()
        raise
    return connection


async def addresses(host: str, port: int) -> list[Address]:
    """Return the addresses of a host, the families alternating, in the resolver's order otherwise."""
    try:
        infos = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as problem:
        raise OSError(f"No host can be named {host!r}.") from problem
    found = list(dict.fromkeys((info[0], info[4]) for info in infos))
    if not found:
        raise OSError(f"No address for {host}.")
    first = [address for address in found if address[0] == found[0][0]]
    second = [address for address in found if address[0] != found[0][0]]
    alternating = chain.from_iterable(zip_longest(first, second))
    return [address for address in alternating if address is not None][:MAX_ADDRESSES]


async def _first_connected(candidates: list[Address]) -> socket.socket:
    """Return the first socket that connects; each attempt starts after ATTEMPT_DELAY or the failure of those before."""
    if len(candidates) == 1:  # nothing to race with, so no task
        return await _socket_to(candidates[0])
    attempts: list[asyncio.Task[socket.socket]] = []
    try:
        for number, address in enumerate(candidates, 1):
            attempts.append(asyncio.ensure_future(_socket_to(address)))
            patience = ATTEMPT_DELAY if number < len(candidates) else None
            if connected := await _any_of(attempts, patience):
                return connected
        return attempts[0].result()
    finally:
        await _discard(attempts)


async def _any_of(
    attempts: list[asyncio.Task[socket.socket]], patience: float | None
) -> socket.socket | None:
    """Return a connected socket; None after `patience` seconds, or at once where all attempts have failed."""
    running = {attempt for attempt in attempts if not attempt.done()}
    while running:
        done, running = await asyncio.wait(running, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        for attempt in done:
            if attempt.exception() is None:
                attempts.remove(attempt)
                return attempt.result()
        if not done:
            break
    return None


async def _socket_to(address: Address) -> socket.socket:
    family, where = address
    candidate = socket.socket(family, socket.SOCK_STREAM)
    try:
        candidate.setblocking(False)
        await asyncio.get_running_loop().sock_connect(candidate, where)
    except BaseException:
        candidate.close()
        raise
    return candidate


async def _discard(attempts: Iterable[asyncio.Task[socket.socket]]) -> None:
    """Cancel the attempts that are not used, and close their sockets."""
    for attempt in attempts:
        attempt.cancel()
    for attempt in attempts:
        with suppress(OSError, asyncio.CancelledError):
            (await attempt).close()
