"""Following a response of another process: notifications make it fast, the table alone makes it correct."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest

from chat.testing import Gate, ScriptedModel, answer
from chat.testing.script import Stall, broken
from tests.contract.expect import APPLE, pieces_of
from tests.faults.fault_server import cut_connections, query_rows, start_fault_server, with_application_name
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer, LiveServers, database_url, eventually
from tests.live.transports import C1, SSE, TRANSPORTS, Transport

# 4 kB in 600 deltas.
TEXT = APPLE * 30
NOISE = (
    "",
    "{oops",
    "[]",
    "{}",
    '["log"]',
    '["log", {}]',
    '["end"]',
    '["stop", "x", "y", "z"]',
    '["tool", 1]',
)


@pytest.fixture(scope="module")
def without_notify(servers: LiveServers) -> Iterator[LiveServer]:
    with start_fault_server(servers, "no_notify") as server:
        yield server


@pytest.fixture(scope="module")
def without_polling(servers: LiveServers, live_database: str) -> Iterator[LiveServer]:
    url = with_application_name(database_url(live_database), "unpolled")
    with start_fault_server(servers, "no_polling", DATABASE_URL=url) as server:
        yield server


def followed(model: ScriptedModel, owner: Client, observer: Client) -> None:
    """Assert that every transport of another process gives the same as the owner's, live and afterwards."""
    gate, response = Gate(), new_id("r")
    model.script(answer("Größe ", gate, *pieces_of(TEXT)))
    first = C1.send(owner, response=response).until("Größe ")
    others = [transport.follow(observer, response, offset) for transport in TRANSPORTS for offset in (0, 4)]
    gate.open()
    whole = ("Größe " + TEXT).encode()
    assert first.rest().text == whole
    received = [reader.rest() for reader in others]
    assert [one.text for one in received] == [whole, whole[4:]] * len(TRANSPORTS)
    assert {one.end["status"] for one in received} == {"done"}


def test_without_a_single_notification_followers_elsewhere_get_every_byte(
    model: ScriptedModel, alice: Client, without_notify: LiveServer
) -> None:
    followed(model, alice, alice.at(without_notify))


def test_without_polling_notifications_alone_bring_followers_every_byte(
    model: ScriptedModel, alice: Client, without_polling: LiveServer
) -> None:
    followed(model, alice, alice.at(without_polling))


def test_a_process_that_lost_its_listener_reconnects_and_reads_the_missed_text(
    model: ScriptedModel, alice: Client, without_polling: LiveServer
) -> None:
    gates, response = [Gate() for _ in range(3)], new_id("r")
    model.script(answer("a", gates[0], "b", gates[1], "c", gates[2], "d"))
    owner = C1.send(alice, response=response).until("a")
    reader = SSE.follow(alice.at(without_polling), response).until("a")
    for gate, text in zip(gates, ("ab", "abc", "abcd"), strict=True):
        assert eventually(lambda: cut_connections("unpolled", listening=True))
        gate.open()
        owner.until(text)
        reader.until(text)
    assert (owner.rest().text, reader.rest().text) == (b"abcd", b"abcd")


def test_foreign_notifications_on_the_channel_are_harmless(
    model: ScriptedModel, alice: Client, without_polling: LiveServer
) -> None:
    for payload in NOISE:
        query_rows("SELECT pg_notify('chat', %s)", payload)
    followed(model, alice, alice.at(without_polling))


@pytest.mark.parametrize("transport", TRANSPORTS, ids=[transport.format for transport in TRANSPORTS])
def test_a_stop_reaches_an_owner_without_notifications(
    model: ScriptedModel, alice: Client, without_notify: LiveServer, transport: Transport
) -> None:
    response = new_id("r")
    model.script(broken("Hello", Stall()))
    reader = transport.send(alice.at(without_notify), response=response).until("Hello")
    assert alice.stop(response).json() == {"status": "stopped"}
    received = reader.rest()
    assert (received.text, received.end["status"]) == (b"Hello", "stopped")
    assert model.requests[0].wait_until_left()


def test_a_queued_prompt_gets_its_turn_in_a_process_without_notifications(
    model: ScriptedModel, alice: Client, servers: LiveServers
) -> None:
    gate, thread, waiting = Gate(), new_id("t"), new_id("r")
    model.script(answer("Old", gate), answer("New"))
    with (
        start_fault_server(servers, "no_notify", CHAT_LEASE_SECONDS="2") as server,
        contextlib.ExitStack() as stack,
    ):
        old = stack.enter_context(contextlib.closing(SSE.send(alice, thread=thread).until("Old")))
        queued: Any = SSE.send(alice.at(server), thread=thread, response=waiting, busy="queue").until("")
        gate.open()
        assert (old.rest().text, queued.rest().text) == (b"Old", b"New")
