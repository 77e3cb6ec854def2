"""The registry of open connections: which are checked, and when."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection
from typing import Any

import pytest

from chat.accounts import identity
from chat.accounts.connections import ConnectionRegistry, OpenConnection
from chat.accounts.identity import Caller, Credentials
from chat.accounts.revocation import digest_of
from chat.exceptions import Unavailable
from tests.unit.scripted_http_server import wait_until


def caller(user: int = 1, session: str = "key") -> Caller:
    return Caller(user, "ada", False, True, Credentials(None, session), time.monotonic())


@pytest.fixture
def checked(monkeypatch: pytest.MonkeyPatch) -> list[Caller]:
    """Refuse all callers, and return the list of those that were checked."""
    seen: list[Caller] = []

    async def refuse_all(function: Any, callers: Collection[Caller]) -> set[Caller]:
        assert function is identity.refused
        seen.extend(callers)
        return set(callers)

    monkeypatch.setattr("chat.accounts.connections.db.run_async", refuse_all)
    return seen


def after(step: Callable[[ConnectionRegistry], OpenConnection]) -> OpenConnection:
    """Return the connection of a step once all checks that it started are over."""

    async def run() -> OpenConnection:
        connection = step(ConnectionRegistry())
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
        return connection

    return asyncio.run(run())


def test_a_notification_checks_the_connections_of_its_user_alone(checked: list[Caller]) -> None:
    def step(registry: ConnectionRegistry) -> OpenConnection:
        other, mine = registry.add(caller(2)), registry.add(caller(1))
        registry.on_access_revoked([1])
        assert not other.revoked
        return mine

    assert after(step).revoked
    assert [one.user for one in checked] == [1]


def test_every_connection_is_checked_after_notifications_were_missed(checked: list[Caller]) -> None:
    def step(registry: ConnectionRegistry) -> OpenConnection:
        connection = registry.add(caller())
        registry.check_all()
        return connection

    assert after(step).revoked


def test_a_revocation_between_login_and_registration_is_noticed(checked: list[Caller]) -> None:
    def step(registry: ConnectionRegistry) -> OpenConnection:
        early = caller()
        registry.on_access_revoked([1])
        return registry.add(early)

    assert after(step).revoked


def test_a_connection_opened_after_a_revocation_is_not_checked(checked: list[Caller]) -> None:
    def step(registry: ConnectionRegistry) -> OpenConnection:
        registry.on_access_revoked([1])
        return registry.add(caller())

    assert not after(step).revoked
    assert checked == []


def test_a_closed_connection_is_not_checked(checked: list[Caller]) -> None:
    def step(registry: ConnectionRegistry) -> OpenConnection:
        connection = registry.add(caller())
        connection.close()
        registry.on_access_revoked([1])
        return connection

    assert not after(step).revoked


def test_a_replaced_session_keeps_its_streams_and_closes_its_sockets(checked: list[Caller]) -> None:
    closed = []

    def step(registry: ConnectionRegistry) -> OpenConnection:
        stream = registry.add(caller())
        registry.add(caller(), lambda: closed.append("socket"))
        registry.add(caller(session="another"))
        registry.on_session_replaced([1, digest_of("key")])
        registry.on_access_revoked([1])
        return stream

    assert not after(step).revoked
    assert closed == ["socket"]
    assert sorted(str(one.credentials.session) for one in checked) == ["another", "key"]


def test_a_socket_is_closed_once(checked: list[Caller]) -> None:
    closed = []

    def step(registry: ConnectionRegistry) -> OpenConnection:
        connection = registry.add(caller(), lambda: closed.append("socket"))
        registry.on_access_revoked([1])
        registry.check_all()
        return connection

    after(step)
    assert closed == ["socket"]


def test_connections_stay_while_the_database_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: Any) -> None:
        raise Unavailable

    monkeypatch.setattr("chat.accounts.connections.db.run_async", fail)

    def step(registry: ConnectionRegistry) -> OpenConnection:
        connection = registry.add(caller())
        registry.check_all()
        return connection

    assert not after(step).revoked


def test_a_revocation_is_forgotten_after_the_time_in_which_connections_open(
    checked: list[Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.accounts.connections.RECHECK_SECONDS", 0.01)

    async def run() -> ConnectionRegistry:
        registry = ConnectionRegistry()
        for user in range(1_000):
            registry.on_access_revoked([user])
        checks = asyncio.create_task(registry.run())
        await wait_until(lambda: not registry._revoked_at)
        checks.cancel()
        await asyncio.gather(checks, return_exceptions=True)
        return registry

    assert asyncio.run(run())._revoked_at == {}
