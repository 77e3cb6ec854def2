"""Following in one process what runs in another: the doorbell makes it quick, the table alone makes it true."""

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

TEXT = APPLE * 30  # 4 kB in 600 deltas
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


def followed(model: ScriptedModel, here: Client, there: Client) -> None:
    """Every door of another process gets what the owner's process gives, while it comes and afterwards."""
    gate, response = Gate(), new_id("r")
    model.script(answer("Größe ", gate, *pieces_of(TEXT)))
    owner = C1.send(here, response=response).until("Größe ")
    others = [transport.follow(there, response, offset) for transport in TRANSPORTS for offset in (0, 4)]
    gate.open()
    whole = ("Größe " + TEXT).encode()
    assert owner.rest().text == whole
    heard = [reader.rest() for reader in others]
    assert [one.text for one in heard] == [whole, whole[4:]] * len(TRANSPORTS)
    assert {one.end["status"] for one in heard} == {"done"}


def test_without_a_single_notification_followers_elsewhere_get_every_byte(
    model: ScriptedModel, alice: Client, without_notify: LiveServer
) -> None:
    followed(model, alice, alice.at(without_notify))


def test_without_polling_notifications_alone_bring_followers_every_byte(
    model: ScriptedModel, alice: Client, without_polling: LiveServer
) -> None:
    followed(model, alice, alice.at(without_polling))


def test_a_process_that_lost_its_listener_reconnects_and_reads_what_it_missed(
    model: ScriptedModel, alice: Client, without_polling: LiveServer
) -> None:
    gates, response = [Gate() for _ in range(3)], new_id("r")
    model.script(answer("a", gates[0], "b", gates[1], "c", gates[2], "d"))
    owner = C1.send(alice, response=response).until("a")
    reader = SSE.follow(alice.at(without_polling), response).until("a")
    for gate, text in zip(gates, ("ab", "abc", "abcd"), strict=True):
        assert eventually(lambda: cut_connections("unpolled", listening=True)) == 1
        gate.open()
        owner.until(text)
        reader.until(text)
    assert (owner.rest().text, reader.rest().text) == (b"abcd", b"abcd")


def test_foreign_notifications_on_the_channel_harm_nobody(
    model: ScriptedModel, alice: Client, without_polling: LiveServer
) -> None:
    for payload in NOISE:
        query_rows("SELECT pg_notify('chat', %s)", payload)
    followed(model, alice, alice.at(without_polling))


@pytest.mark.parametrize("transport", TRANSPORTS, ids=[transport.format for transport in TRANSPORTS])
def test_a_stop_reaches_an_owner_that_hears_nothing(
    model: ScriptedModel, alice: Client, without_notify: LiveServer, transport: Transport
) -> None:
    response = new_id("r")
    model.script(broken("Hello", Stall()))
    reader = transport.send(alice.at(without_notify), response=response).until("Hello")
    assert alice.stop(response).json() == {"status": "stopped"}
    heard = reader.rest()
    assert (heard.text, heard.end["status"]) == (b"Hello", "stopped")
    assert model.requests[0].wait_until_left()


def test_a_queued_prompt_gets_its_turn_in_a_process_that_hears_nothing(
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
