"""Contract sections 3 and 4 across processes: follow in any process, and a clear end after every crash."""

from __future__ import annotations

import time
from typing import Any

from chat.testing import Gate, ScriptedModel, answer
from chat.testing.script import Stall, broken
from tests.contract.expect import APPLE, pieces_of
from tests.live.client import Client, new_id
from tests.live.transports import C1, SSE, Transport

# Short, yet long enough for four heartbeats on a busy machine.
LEASE = {"CHAT_LEASE_SECONDS": "2"}
# Seconds after which a lease of the default length has ended, and with it the response.
DEFAULT_LEASE = 20.0


def test_any_process_serves_any_response(
    model: ScriptedModel, alice: Client, second: Any, transport: Transport
) -> None:
    gate, response, observer = Gate(), new_id("r"), alice.at(second)
    model.script(answer("Größe ", gate, *pieces_of(APPLE)))
    here = C1.send(alice, response=response).until("Größe ")
    elsewhere = transport.follow(observer, response, 6)
    gate.open()
    assert elsewhere.rest().text == ("Größe " + APPLE).encode()[6:]
    assert here.rest().text == ("Größe " + APPLE).encode()


def test_a_reader_from_another_process_with_more_bytes_is_served(
    model: ScriptedModel, alice: Client, second: Any
) -> None:
    gate, response, observer = Gate(), new_id("r"), alice.at(second)
    model.script(answer("Hello", gate, " you"))
    here = C1.send(alice, response=response).until("Hello")
    elsewhere = SSE.follow(observer, response, 5)  # perhaps not yet stored
    gate.open()
    assert (elsewhere.rest().text, here.rest().text) == (b" you", b"Hello you")


def test_sigterm_ends_running_responses_as_interrupted(
    model: ScriptedModel, servers: Any, make_client: Any, alice: Client
) -> None:
    model.script(broken("Hello", Stall()))
    thread, response = new_id("t"), new_id("r")
    with servers.own() as server:
        dying = alice.at(server)
        reader = SSE.send(dying, thread=thread, response=response).until("Hello")
        assert server.sigterm() == 0
        received = reader.rest()
    assert (received.text, received.end["status"]) == (b"Hello", "interrupted")
    assert alice.messages(thread)[-1]["content"] == "Hello"
    assert model.requests[0].wait_until_left()


def test_a_killed_process_costs_only_the_last_moments(
    model: ScriptedModel, servers: Any, make_client: Any, alice: Client
) -> None:
    model.script(broken("Hello", Stall()))
    thread, response = new_id("t"), new_id("r")
    with servers.own(**LEASE) as server, servers.own(**LEASE) as survivor:
        dying, observer = alice.at(server), alice.at(survivor)
        reader = C1.send(dying, "First", thread=thread, response=response).until("Hello")
        server.kill9()
        reader.close()
        state = observer.wait_until(response, "interrupted")
        assert state["keptOffset"] in {0, 5}
        received = SSE.follow(observer, response, 5).rest()  # beyond the log counts as its end
        assert (received.text, received.end["status"], received.end["offset"]) == (
            b"",
            "interrupted",
            state["offset"],
        )
        assert observer.chat("Second", thread=thread).text == "Hello from the script."


def test_an_orphaned_response_is_stopped_at_once(model: ScriptedModel, servers: Any, alice: Client) -> None:
    model.script(broken("Hello", Stall()))
    response = new_id("r")
    with servers.own() as server:
        dying = alice.at(server)
        reader = C1.send(dying, response=response).until("Hello")
        server.kill9()
        reader.close()
    before = time.monotonic()
    assert alice.stop(response).json()["status"] in {"stopped", "interrupted"}
    assert time.monotonic() - before < DEFAULT_LEASE


def test_a_restarted_server_goes_on_under_its_address(
    model: ScriptedModel, servers: Any, alice: Client
) -> None:
    with servers.own() as server:
        observer = alice.at(server)
        observer.chat(response=(response := new_id("r")))
        server.restart()
        assert C1.follow(observer, response).rest().text == b"Hello from the script."
