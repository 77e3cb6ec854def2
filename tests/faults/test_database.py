"""Faults of Postgres (gone, back, slow, connections cut): answers continue from memory, or end clearly."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.models import F

from chat.models import PersonRequest, Response
from chat.testing import Gate, ScriptedModel, answer
from chat.testing.script import Stall, broken
from chatproject.dev.postgres.cluster import Postgres
from tests.contract import waits
from tests.contract.expect import APPLE, assert_problem, pieces_of
from tests.faults.fault_server import (
    MAX_ACTIVE,
    crash,
    cut_connections,
    locked,
    on_cluster,
    own_cluster,
    query_rows,
    refused,
    row,
    wait_until_stored,
    with_application_name,
)
from tests.live.checks import assert_valid_log
from tests.live.client import new_id
from tests.live.harness import THREADS, LiveServer, LiveServers, database_url, eventually
from tests.live.transports import SOCKET, SSE, TRANSPORTS, Reader

DAY = timedelta(days=1)
# Database connections of one server process at most, the promised number.
CONNECTIONS = 10
# Streams, each followed by a second reader.
STREAMS = 100
# 140 kB, twice the unconfirmed text that is kept.
BEYOND = [f"{number:07}" * 100 for number in range(200)]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: Any, django_db_blocker: Any) -> Iterator[Postgres]:
    with django_db_blocker.unblock(), own_cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture
def orm_on_cluster(live: None, cluster: Postgres) -> Iterator[None]:
    """Point the ORM at the cluster that a test stops, and have it up again afterwards."""
    with on_cluster(cluster):
        yield
        cluster.revive()


@pytest.fixture(scope="module")
def on_it(cluster: Postgres, servers: LiveServers) -> Iterator[LiveServer]:
    with servers.own(DATABASE_URL=cluster.url()) as server:
        yield server


@pytest.fixture(scope="module")
def beside(cluster: Postgres, servers: LiveServers) -> Iterator[LiveServer]:
    with servers.own(DATABASE_URL=cluster.url()) as server:
        yield server


@pytest.fixture(scope="module")
def watched(servers: LiveServers, live_database: str) -> Iterator[LiveServer]:
    """Provide a server whose connections can be distinguished from others."""
    url = with_application_name(database_url(live_database), "watched")
    with servers.own(DATABASE_URL=url, CHAT_ACTIVE_PER_USER=MAX_ACTIVE) as server:
        yield server


def test_an_answer_goes_on_from_memory_while_postgres_restarts(
    model: ScriptedModel,
    orm_on_cluster: None,
    make_client: Any,
    on_it: LiveServer,
    beside: LiveServer,
    cluster: Postgres,
) -> None:
    client, response, gates = make_client(on_it), new_id("r"), [Gate(), Gate()]
    model.script(answer("Before. ", gates[0], *pieces_of(APPLE * 20), gates[1], "After."))
    whole = "Before. " + APPLE * 20 + "After."
    reader = SSE.send(client, response=response).until("Before. ")
    elsewhere = SOCKET.follow(client.at(beside), response).until("Before. ")
    crash(cluster)
    gates[0].open()
    reader.until("Before. " + APPLE * 20)
    assert_problem(client.chat(), "unavailable", 503)
    assert client.get("/readyz").status_code == 503
    cluster.revive()
    gates[1].open()
    for received in (
        reader.rest(),
        elsewhere.rest(),
        *(transport.follow(client, response).rest() for transport in TRANSPORTS),
    ):
        assert (received.text.decode(), received.end["status"]) == (whole, "done")
    assert_valid_log(row(client, response))
    assert client.chat().text == "Hello from the script."


def test_an_answer_that_waits_outlasts_every_process_postgres_and_a_day(
    model: ScriptedModel, orm_on_cluster: None, make_client: Any, servers: LiveServers, cluster: Postgres
) -> None:
    environ: dict[str, Any] = waits.settings(DATABASE_URL=cluster.url())
    with servers.own(**environ) as first:
        client = make_client(first)
        response, [request] = waits.waiting(model, client, *waits.payment())
        first.kill9()
        crash(cluster)
        cluster.revive()
        PersonRequest.objects.update(created_at=F("created_at") - DAY, deadline=F("deadline") - DAY)
        Response.objects.update(created_at=F("created_at") - DAY, started_at=F("started_at") - DAY)
        with servers.own(**environ) as second:
            there = client.at(second)
            reader = SSE.follow(there, response).until("I pay. ")
            assert waits.reply(there, response, request, "approved").status_code == 200
            assert reader.rest().text == b"I pay. Paid."
            assert_valid_log(row(client, response))
        first.restart()
    assert len(model.requests) == 2


def test_an_answer_that_outgrows_memory_meanwhile_ends_as_unavailable(
    model: ScriptedModel, orm_on_cluster: None, make_client: Any, on_it: LiveServer, cluster: Postgres
) -> None:
    client, gate, thread, response = make_client(on_it), Gate(), new_id("t"), new_id("r")
    model.script(broken("Before. ", gate, *BEYOND, Stall()))
    reader = SSE.send(client, thread=thread, response=response).until("Before. ")
    crash(cluster)
    gate.open()
    model.requests[0].wait_until_left()
    cluster.revive()
    received = reader.rest()
    assert (received.end["status"], received.end["error"]["code"]) == ("failed", "unavailable")
    assert 65_536 < len(received.text) < 3 * 65_536
    assert ("Before. " + "".join(BEYOND)).encode().startswith(received.text)
    assert client.messages(thread)[-1]["content"].encode() == received.text
    assert_valid_log(row(client, response))
    assert client.chat("Second", thread=thread).text == "Hello from the script."


@contextlib.contextmanager
def all_connections_taken(cluster: Postgres) -> Iterator[None]:
    """Take every connection that the database gives within the block, those of its servers first."""
    connection.close()
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                link = psycopg.connect(cluster.url(), autocommit=True, application_name="taker")
                stack.enter_context(link).execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = 'chat' AND application_name <> 'taker'"
                )
        yield


def test_the_server_says_that_no_connection_is_left(
    model: ScriptedModel, orm_on_cluster: None, make_client: Any, on_it: LiveServer, cluster: Postgres
) -> None:
    client, gate = make_client(on_it), Gate()
    model.script(answer("Before. ", gate, "After."))
    reader = SSE.send(client, response=new_id("r")).until("Before. ")
    with all_connections_taken(cluster):
        eventually(lambda: refused(client))
        gate.open()
        reader.until("After.")
    assert reader.rest().end["status"] == "done"
    assert "it has no connection left, raise `max_connections`" in on_it.log
    eventually(lambda: not refused(client))


def test_connections_cut_at_any_moment_cost_no_byte(
    model: ScriptedModel, make_client: Any, watched: LiveServer
) -> None:
    client, response = make_client(watched), new_id("r")
    pieces, gates = pieces_of(APPLE * 3, 20), [Gate() for _ in range(8)]
    script: list[Any] = [part for pair in zip(gates, pieces, strict=False) for part in pair]
    model.script(answer("!", *script, *pieces[len(gates) :]))
    readers: list[Reader] = [
        SSE.send(client, response=response).until("!"),
        SOCKET.follow(client, response).until("!"),
    ]
    for number, gate in enumerate(gates):
        eventually(lambda: cut_connections("watched"), says="no connection to cut")
        gate.open()
        for reader in readers:
            reader.until("!" + "".join(pieces[: number + 1]))
    assert [reader.rest().text.decode() for reader in readers] == ["!" + APPLE * 3] * 2
    assert client.response(response)["status"] == "done"


def test_a_locked_row_holds_up_neither_its_readers_nor_the_logs_of_others(
    model: ScriptedModel, make_client: Any, watched: LiveServer
) -> None:
    client, ids, gates, hold = make_client(watched), [new_id("r"), new_id("r")], [Gate(), Gate()], Gate()
    model.script(*(answer("Before. ", gate, APPLE, hold) for gate in gates))
    readers = [SSE.send(client, response=response).until("Before. ") for response in ids]
    with locked("chat_response", row(client, ids[0]).pk):
        for gate, reader in zip(gates, readers, strict=True):
            gate.open()
            reader.until(APPLE)
        wait_until_stored(client, ids[1], len(("Before. " + APPLE).encode()))
    hold.open()
    assert [reader.rest().text.decode() for reader in readers] == ["Before. " + APPLE] * 2


def test_a_locked_row_is_written_as_soon_as_it_is_free(
    model: ScriptedModel, make_client: Any, watched: LiveServer
) -> None:
    client, response, gate = make_client(watched), new_id("r"), Gate()
    model.script(answer("Before. ", gate, APPLE, Gate()))
    reader = SSE.send(client, response=response).until("Before. ")
    with locked("chat_response", row(client, response).pk):
        gate.open()
        reader.until(APPLE)
    wait_until_stored(client, response, len(("Before. " + APPLE).encode()))
    client.stop(response)
    assert reader.rest().end["status"] == "stopped"


def test_two_hundred_open_streams_hold_few_connections_no_transaction_and_few_threads(
    model: ScriptedModel, make_client: Any, watched: LiveServer
) -> None:
    client, gate, ids = make_client(watched), Gate(), [new_id("r") for _ in range(STREAMS)]
    model.default(answer("Hello", gate, " you"))
    readers: list[Reader] = [SSE.send(client, response=response).until("Hello") for response in ids]
    readers += [TRANSPORTS[number % 3].follow(client, response) for number, response in enumerate(ids)]
    for reader in readers:
        reader.until("Hello")
    held = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'watched'"
    assert len(query_rows(held)) <= CONNECTIONS
    # A leaked transaction shows in every poll; one at work ends meanwhile.
    eventually(lambda: not query_rows(f"{held} AND state LIKE 'idle in%'"), says="a transaction stays open")
    assert watched.threads() <= THREADS
    gate.open()
    assert {reader.rest().text for reader in readers} == {b"Hello you"}


def test_a_slow_follower_delays_no_other_and_misses_nothing(
    model: ScriptedModel, make_client: Any, watched: LiveServer
) -> None:
    client, response, text = make_client(watched), new_id("r"), "".join(BEYOND) * 6
    model.script(answer("!", *pieces_of(text, 2000)))
    reader = SSE.send(client, response=response).until("!")
    slow = [transport.follow(client, response) for transport in TRANSPORTS]
    assert reader.rest().text.decode() == "!" + text
    assert [one.rest().text.decode() for one in slow] == ["!" + text] * len(slow)
