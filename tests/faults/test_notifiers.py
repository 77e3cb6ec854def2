"""One contract for every engine of notifications: what it brings, and that nothing is lost where it brings nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.test import override_settings

from chat.testing import Gate, ScriptedModel, answer
from chat.testing.script import Stall, broken
from chatproject.doctor import database
from tests.contract.expect import APPLE, pieces_of
from tests.faults.fault_server import cut_connections, start_fault_server, with_application_name
from tests.fixtures.brokers import BrokerServer, broker
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer, LiveServers, database_url, eventually
from tests.live.transports import C1, SSE

# Seconds: well below that between two polls of the table, and that after which an owner is fenced off.
AT_ONCE = 1.5
LONG = (pytest.mark.long,)


@pytest.fixture(
    scope="module", params=["postgres", *(pytest.param(one, marks=LONG) for one in ("redis", "nats"))]
)
def engine(request: pytest.FixtureRequest) -> Iterator[BrokerServer | None]:
    """Provide each engine; None is Postgres, which needs no server of its own."""
    if request.param == "postgres":
        yield None
        return
    with broker(request.param) as server:
        yield server


@pytest.fixture(scope="module")
def unpolled(engine: BrokerServer | None, servers: LiveServers, live_database: str) -> Iterator[LiveServer]:
    """Provide a process that reads the logs of others only when it is notified."""
    url = with_application_name(database_url(live_database), "unpolled")
    notifier = engine.url if engine else "postgres"
    with start_fault_server(servers, "no_polling", DATABASE_URL=url, CHAT_NOTIFIER=notifier) as server:
        yield server


@pytest.fixture
def owner(engine: BrokerServer | None, servers: LiveServers, make_client: Any) -> Client:
    """Provide a user of a process whose answers the other one follows."""
    own: Client = make_client(servers.keep(CHAT_NOTIFIER=engine.url if engine else "postgres"))
    return own


def received_by(server: LiveServer) -> int:
    """Return how many notifications have arrived in a process, by a sample that is taken from now on."""
    before = sample(server, "chat_event_loop_delay_seconds_count")
    eventually(lambda: sample(server, "chat_event_loop_delay_seconds_count") > before)
    return sample(server, "chat_received_notifications")


def sample(server: LiveServer, series: str) -> int:
    found = re.search(rf"^{series} (\S+)", httpx.get(f"{server.url}/metrics").text, re.MULTILINE)
    return int(float(found[1])) if found else 0


def lose(engine: BrokerServer | None) -> None:
    """End the connections of the engine, and have it take new ones."""
    if engine is None:
        assert eventually(lambda: cut_connections("unpolled", listening=True))
    else:
        engine.kill()
        engine.start()


def test_notifications_alone_bring_a_follower_every_byte(
    model: ScriptedModel, owner: Client, unpolled: LiveServer
) -> None:
    gate, response = Gate(), new_id("r")
    model.script(answer("Apples. ", gate, *pieces_of(APPLE)))
    first = C1.send(owner, response=response).until("Apples. ")
    other = SSE.follow(owner.at(unpolled), response).until("Apples. ")
    gate.open()
    assert other.rest().text == first.rest().text == f"Apples. {APPLE}".encode()


def test_a_stop_elsewhere_is_heard_by_the_owner_before_it_would_be_fenced_off(
    model: ScriptedModel, owner: Client, unpolled: LiveServer
) -> None:
    response = new_id("r")
    model.script(broken("Hello", Stall()))
    reader = C1.send(owner, response=response).until("Hello")
    assert owner.at(unpolled).stop(response).json() == {"status": "stopped"}
    assert model.requests[0].wait_until_left(AT_ONCE)
    assert reader.rest().text == b"Hello"


def test_a_socket_elsewhere_learns_of_a_new_thread(
    model: ScriptedModel, owner: Client, unpolled: LiveServer
) -> None:
    model.script(answer("Hello"))
    with owner.at(unpolled).socket() as socket:
        socket.say("watch")
        assert socket.ask("ping")["type"] == "pong"
        owner.chat(thread="t-new")
        assert socket.receive_until("thread")["event"] == "created"


def test_a_queued_prompt_elsewhere_gets_its_turn_at_once(
    model: ScriptedModel, owner: Client, unpolled: LiveServer
) -> None:
    gate, thread = Gate(), new_id("t")
    model.script(answer("Old", gate), answer("New"))
    old = SSE.send(owner, thread=thread).until("Old")
    queued = SSE.send(owner.at(unpolled), thread=thread, busy="queue").until("")
    gate.open()
    assert (old.rest().text, queued.rest().text) == (b"Old", b"New")


def test_a_follower_reads_what_it_missed_when_the_engine_comes_back(
    model: ScriptedModel, owner: Client, unpolled: LiveServer, engine: BrokerServer | None
) -> None:
    gates, response = [Gate() for _ in range(2)], new_id("r")
    model.script(answer("a", gates[0], "b", gates[1], "c"))
    sender = C1.send(owner, response=response).until("a")
    reader = SSE.follow(owner.at(unpolled), response).until("a")
    for gate, text in zip(gates, ("ab", "abc"), strict=True):
        lose(engine)
        gate.open()
        sender.until(text)
        reader.until(text)
    assert (sender.rest().text, reader.rest().text) == (b"abc", b"abc")


@pytest.mark.long
def test_an_engine_that_hangs_delays_no_answer_and_brings_the_rest_afterwards(
    model: ScriptedModel, owner: Client, unpolled: LiveServer, engine: BrokerServer | None
) -> None:
    if engine is None:
        pytest.skip("a Postgres that hangs has tests of its own")
    gate, response = Gate(), new_id("r")
    model.script(answer("a", gate, "b"))
    sender = C1.send(owner, response=response).until("a")
    reader = SSE.follow(owner.at(unpolled), response).until("a")
    with engine.hanging():
        gate.open()
        assert sender.rest().text == b"ab"
        assert eventually(lambda: "action=listen_lost" in unpolled.log)
    assert reader.rest().text == b"ab"


@pytest.mark.long
def test_doctor_hears_from_the_engine(engine: BrokerServer | None, live: None) -> None:
    with override_settings(CHAT_NOTIFIER=engine.url if engine else "postgres"):
        assert str(database.notifications()) == "ok     notifications: arrive"


@pytest.mark.long
def test_a_process_where_nobody_reads_hears_nothing(
    model: ScriptedModel, owner: Client, unpolled: LiveServer, engine: BrokerServer | None
) -> None:
    if engine is None:
        pytest.skip("Postgres notifies every process")
    model.script(*[answer("Hello") for _ in range(20)])
    before = received_by(unpolled)
    for _ in range(20):
        owner.chat()
    # Its clock's own, now and then.
    assert received_by(unpolled) - before <= 2
