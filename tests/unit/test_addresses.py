"""Connections by several addresses: the first that answers is used, and a silent one costs a moment only."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chat.llm.http import addresses
from chat.llm.http.addresses import Address, connect
from tests.unit.scripted_http_server import run, wait_until

V4, V6 = socket.AF_INET, socket.AF_INET6


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> list[Address]:
    """Return the addresses that every host has, to be filled by the test."""
    found: list[Address] = []

    async def getaddrinfo(*_: object) -> list[Address]:
        return found

    monkeypatch.setattr(addresses, "addresses", getaddrinfo)
    return found


class SilentHosts(list[str]):
    """The silent addresses whose attempt was cancelled; `tried` counts the attempts."""

    tried = 0


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> SilentHosts:
    """Never answer at documentation addresses (RFC 5737)."""
    cancelled = SilentHosts()
    real = addresses._socket_to

    async def socket_to(address: Address) -> socket.socket:
        host = address[1][0]
        if not host.startswith("192.0.2."):
            return await real(address)
        cancelled.tried += 1
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.append(host)
        raise AssertionError

    monkeypatch.setattr(addresses, "_socket_to", socket_to)
    monkeypatch.setattr(addresses, "ATTEMPT_DELAY", 0.01)
    return cancelled


@contextmanager
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed_ports() -> Iterator[list[int]]:
    """Provide two ports at which nothing listens, and which no other program gets meanwhile."""
    with socket.socket() as one, socket.socket() as other:
        for reserved in (one, other):
            reserved.bind(("127.0.0.1", 0))
        yield [reserved.getsockname()[1] for reserved in (one, other)]


def connected() -> None:
    async def work() -> None:
        (await connect("models.test", 1, None)).close()

    run(work)


@pytest.mark.parametrize("silent_ones", [1, 3])
def test_a_silent_address_gives_way_to_the_next(
    resolver: list[Address], silent: list[str], silent_ones: int
) -> None:
    with listener() as port:
        resolver += [(V4, (f"192.0.2.{number}", 1)) for number in range(silent_ones)]
        resolver.append((V4, ("127.0.0.1", port)))
        connected()
    assert len(silent) == silent_ones


def test_a_refused_address_gives_way_at_once(
    resolver: list[Address], closed_ports: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "ATTEMPT_DELAY", 3600)
    with listener() as port:
        resolver += [(V4, ("127.0.0.1", closed_ports[0])), (V4, ("127.0.0.1", port))]
        connected()


def test_without_any_address_that_answers_the_first_error_is_raised(
    resolver: list[Address], closed_ports: list[int]
) -> None:
    resolver += [(V4, ("127.0.0.1", port)) for port in closed_ports]
    with pytest.raises(ConnectionRefusedError):
        connected()


def test_a_cancelled_connection_leaves_no_attempt(resolver: list[Address], silent: SilentHosts) -> None:
    resolver += [(V4, ("192.0.2.1", 1)), (V4, ("192.0.2.2", 1))]

    async def work() -> None:
        connecting = asyncio.create_task(connect("models.test", 1, None))
        await wait_until(lambda: silent.tried == 2)
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)

    run(work)
    assert sorted(silent) == ["192.0.2.1", "192.0.2.2"]


def test_the_families_alternate_and_each_address_comes_once() -> None:
    infos = [(family, 1, 6, "", (host, 80)) for family, host in [(V6, "a"), (V6, "b"), (V4, "c"), (V6, "a")]]

    class Loop:
        async def getaddrinfo(self, *_: Any, **__: Any) -> list[Any]:
            return infos

    async def work() -> list[str]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(asyncio, "get_running_loop", Loop)
            return [address[1][0] for address in await addresses.addresses("models.test", 80)]

    assert asyncio.run(work()) == ["a", "c", "b"]
