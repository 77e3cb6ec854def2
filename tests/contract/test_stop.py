"""Contract section 4: stop from any transport, process and moment, cut at the client's offset."""

from __future__ import annotations

import time
from typing import Any

import pytest

from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from chat.testing.script import Stall, broken
from tests.contract.expect import assert_problem
from tests.live.client import Client, new_id
from tests.live.transports import C1, SOCKET, SSE, TRANSPORTS, Reader, Transport

SAID = "Größe €"
STALLED = broken(SAID, Stall())
# Seconds between two heartbeats, by which a stop would reach its response without a notification.
HEARTBEAT = 5.0


def begin(model: ScriptedModel, client: Client, transport: Transport, response: str, **ids: str) -> Reader:
    model.script(STALLED)
    return transport.send(client, response=response, **ids).until(SAID)


def test_a_stop_keeps_the_text_and_closes_upstream(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    response, thread = new_id("r"), new_id("t")
    reader = begin(model, alice, transport, response, thread=thread)
    before = time.monotonic()
    assert alice.stop(response).json() == {"status": "stopped"}
    assert model.requests[0].wait_until_left() - before < HEARTBEAT
    heard = reader.rest()
    assert (heard.text, heard.end["status"], heard.end["error"]) == (SAID.encode(), "stopped", None)
    assert heard.end["keptOffset"] == len(SAID.encode())
    assert alice.messages(thread)[-1]["content"] == SAID


def test_a_stop_before_the_first_token(model: ScriptedModel, alice: Client, transport: Transport) -> None:
    response = new_id("r")
    model.script(broken(Stall()))
    reader = transport.send(alice, response=response)
    (asked,) = model.wait_for_requests(1)
    before = time.monotonic()
    assert alice.stop(response).json() == {"status": "stopped"}
    assert asked.wait_until_left() - before < HEARTBEAT
    heard = reader.rest()
    assert (heard.text, heard.end["status"], heard.end["keptOffset"]) == (b"", "stopped", 0)


def test_an_empty_stopped_reply_is_left_out_of_the_history(model: ScriptedModel, alice: Client) -> None:
    response, thread = new_id("r"), new_id("t")
    model.script(broken(Stall()))
    reader = SSE.send(alice, "First", thread=thread, response=response)
    model.wait_for_requests(1)
    alice.stop(response)
    reader.rest()
    alice.chat("Second", thread=thread)
    assert [message["content"] for message in model.requests[1].messages] == ["First", "Second"]


CUTS = [(0, 0), (2, 2), (3, 2), (4, 4), (10, 8), (11, 11), (99, 11)]  # offset asked for, offset kept


@pytest.mark.parametrize(("offset", "kept"), CUTS)
def test_a_stop_with_an_offset_cuts_the_message_but_not_the_log(
    model: ScriptedModel, alice: Client, offset: int, kept: int
) -> None:
    response, thread = new_id("r"), new_id("t")
    reader = begin(model, alice, SSE, response, thread=thread)
    alice.stop(response, offset=offset)
    assert reader.rest().end["keptOffset"] == kept
    assert alice.messages(thread)[-1]["content"] == SAID.encode()[:kept].decode()
    assert C1.follow(alice, response).rest().text == SAID.encode()
    body = alice.response(response)
    assert (body["offset"], body["keptOffset"]) == (len(SAID.encode()), kept)


@pytest.mark.parametrize("offset", [-1, "x", 1.5, [], {}, True])
def test_a_stop_with_a_bad_offset_is_refused(model: ScriptedModel, alice: Client, offset: Any) -> None:
    response = new_id("r")
    reader = begin(model, alice, SSE, response)
    assert_problem(alice.stop(response, offset=offset), "bad_offset", 400)
    assert alice.response(response)["status"] == "streaming"
    alice.stop(response)
    reader.rest()


def test_a_stop_without_a_body_is_fine(model: ScriptedModel, alice: Client) -> None:
    response = new_id("r")
    reader = begin(model, alice, SSE, response)
    assert alice.http.post(f"/api/responses/{response}/stop").json() == {"status": "stopped"}
    reader.rest()


def test_a_stop_is_idempotent(model: ScriptedModel, alice: Client) -> None:
    response = new_id("r")
    reader = begin(model, alice, SSE, response)
    assert [alice.stop(response, **body).json()["status"] for body in ({}, {}, {"offset": 1})] == [
        "stopped"
    ] * 3
    assert reader.rest().end["keptOffset"] == alice.response(response)["keptOffset"] == len(SAID.encode())


def test_a_finished_response_is_never_cut(model: ScriptedModel, alice: Client) -> None:
    thread, response = new_id("t"), new_id("r")
    alice.chat(thread=thread, response=response)
    assert alice.stop(response, offset=1).json() == {"status": "done"}
    assert alice.messages(thread)[-1]["content"] == "Hello from the script."


def test_the_end_reaches_every_follower(model: ScriptedModel, alice: Client) -> None:
    response = new_id("r")
    begun = begin(model, alice, C1, response)
    readers = [begun, *(transport.follow(alice, response).until(SAID) for transport in TRANSPORTS)]
    with alice.socket() as socket:
        socket.say("stop", responseId=response)
        frame = socket.receive_until("end")
        assert (frame["status"], frame["responseId"]) == ("stopped", response)
    assert {reader.rest().end["status"] for reader in readers} == {"stopped"}


def test_a_websocket_stop_cuts_at_its_offset(model: ScriptedModel, alice: Client) -> None:
    response = new_id("r")
    reader = begin(model, alice, SOCKET, response)
    with alice.socket() as socket:
        socket.say("stop", responseId=response, offset=3)
        assert socket.receive_until("end")["keptOffset"] == 2
    assert reader.rest().end["keptOffset"] == 2


def test_a_stop_in_another_process_works_as_quickly(model: ScriptedModel, alice: Client, second: Any) -> None:
    response, there = new_id("r"), alice.at(second)
    reader = begin(model, alice, SSE, response)
    before = time.monotonic()
    assert there.stop(response, offset=2).json() == {"status": "stopped"}
    assert model.requests[0].wait_until_left() - before < HEARTBEAT
    assert reader.rest().end["keptOffset"] == 2


@pytest.mark.parametrize("offset", [1, 20, 60])
def test_a_cut_inside_a_think_item_goes_down_to_its_start(
    model: ScriptedModel, alice: Client, offset: int
) -> None:
    response, thread = new_id("r"), new_id("t")
    model.script(tool_round(Call("calculate", '{"expression": "1+1"}')), broken("Hello", Stall()))
    reader = SSE.send(alice, thread=thread, response=response).until("Hello")
    assert reader.received.text.startswith(b'<thinkitem ephemeral="true">')
    assert len(reader.received.text) > 65
    alice.stop(response, offset=offset)
    reader.rest()
    assert alice.messages(thread)[-1]["content"] == ""


def test_two_users_stops_do_not_meet(model: ScriptedModel, alice: Client, bob: Client) -> None:
    response, gate = new_id("r"), Gate()
    model.script(answer("Hel", gate, "lo"))
    reader = C1.send(alice, response=response).until("Hel")
    assert_problem(bob.stop(response), "not_found", 404)
    gate.open()
    assert reader.rest().end["status"] == "done"
