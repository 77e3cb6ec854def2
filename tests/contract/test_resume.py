"""Contract section 4: one log, one cursor; an offset means the same on every transport."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import Gate, ScriptedModel, answer
from tests.contract.expect import APPLE, assert_problem, framed, pieces_of
from tests.live.client import Client, new_id
from tests.live.transports import C1, SSE, TRANSPORTS, HttpReader, Transport

SHORT = "aß€🍎z"
DATA = SHORT.encode()
BOUNDARIES = [len(SHORT[:count].encode()) for count in range(len(SHORT) + 1)]
INSIDE = [offset for offset in range(len(DATA)) if offset not in BOUNDARIES]


def finished(model: ScriptedModel, client: Client, text: str = SHORT) -> str:
    model.script(answer(*text))
    response = new_id("r")
    client.chat(response=response)
    return response


def test_a_finished_response_is_read_from_every_offset(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    response = finished(model, alice)
    received = [transport.follow(alice, response, offset).rest() for offset in BOUNDARIES]
    assert [one.text for one in received] == [DATA[offset:] for offset in BOUNDARIES]
    assert {one.end["status"] for one in received} == {"done"}


def test_a_running_response_is_read_from_every_offset(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    gate, response = Gate(), new_id("r")
    model.script(answer(*SHORT, gate, *APPLE))
    first = C1.send(alice, response=response).until("z")
    readers = [transport.follow(alice, response, offset) for offset in BOUNDARIES]
    gate.open()
    whole = (SHORT + APPLE).encode()
    assert [reader.rest().text for reader in readers] == [whole[offset:] for offset in BOUNDARIES]
    assert first.rest().text == whole


BAD = [*INSIDE, -1, len(DATA) + 1, 10**30, "x", "", "1.5", "٣"]


def test_offsets_beyond_negative_or_inside_a_character_are_bad(model: ScriptedModel, alice: Client) -> None:
    response = finished(model, alice)
    for offset in BAD:
        for form in ("c1", "sse"):
            answered = alice.get(f"/api/responses/{response}/stream", offset=offset, format=form)
            assert_problem(answered, "bad_offset", 400)


def test_the_websocket_calls_the_same_offsets_bad(model: ScriptedModel, alice: Client) -> None:
    response = finished(model, alice)
    with alice.socket() as socket:
        for offset in [*INSIDE, -1, len(DATA) + 1, 10**30]:
            frame = socket.ask("follow", responseId=response, offset=offset)
            assert (frame["type"], frame["code"], frame["responseId"]) == ("error", "bad_offset", response), (
                offset
            )


@pytest.mark.parametrize("offset", [3.5, "3", True, [], {}])
def test_the_websocket_refuses_an_offset_that_is_no_integer(
    model: ScriptedModel, alice: Client, offset: Any
) -> None:
    response = finished(model, alice)
    with alice.socket() as socket:
        frame = socket.ask("follow", responseId=response, offset=offset)
        assert (frame["type"], frame["code"]) in {("error", "bad_offset"), ("error", "bad_request")}


def test_an_offset_beyond_a_running_response_is_bad(model: ScriptedModel, alice: Client) -> None:
    gate, response = Gate(), new_id("r")
    model.script(answer("Hel", gate, "lo"))
    reader = C1.send(alice, response=response).until("Hel")
    assert_problem(alice.get(f"/api/responses/{response}/stream", offset=4), "bad_offset", 400)
    gate.open()
    assert reader.rest().text == b"Hello"


def test_one_transport_resumes_where_another_stopped(model: ScriptedModel, alice: Client) -> None:
    for first in TRANSPORTS:
        for second in TRANSPORTS:
            gate, response = Gate(), new_id("r")
            model.script(answer("Größe ", gate, *pieces_of(APPLE)))
            seen = first.send(alice, response=response).until("Größe ")
            seen.close()
            rest = second.follow(alice, response, len(seen.received.text))
            gate.open()
            assert seen.received.text + rest.rest().text == ("Größe " + APPLE).encode()


def test_a_stream_has_the_headers_of_the_chat_route(model: ScriptedModel, alice: Client) -> None:
    response = finished(model, alice)
    headers = alice.get(f"/api/responses/{response}/stream", format="sse").headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (headers["cache-control"], headers["x-response-id"]) == ("no-cache, no-transform", response)


def test_every_event_carries_the_offset_after_it(model: ScriptedModel, alice: Client) -> None:
    received = SSE.follow(alice, finished(model, alice), 1).rest()
    at = 1
    for name, data in received.events:
        at += len(data["text"].encode()) if name == "delta" else 0
        assert data["offset"] == at, name
    assert at == len(DATA)


@framed
def test_start_comes_first_and_one_end_comes_last(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    response = finished(model, alice)
    received = transport.follow(alice, response, 3).rest()
    names = [name for name, _ in received.events]
    assert (names[0], names[-1], names.count("start"), names.count("end")) == ("start", "end", 1, 1)
    assert received.start["responseId"] == response
    assert received.start.keys() >= {"threadId", "status", "offset"}
    assert received.start["offset"] == 3
    assert received.end.keys() >= {"status", "finishReason", "usage", "error", "keptOffset"}


def resumed(client: Client, response: str, last: str, offset: Any = 0) -> HttpReader:
    return SSE.follow(client, response, offset, headers={"Last-Event-ID": last})


def test_last_event_id_wins_over_the_offset(model: ScriptedModel, alice: Client) -> None:
    response = finished(model, alice)
    assert resumed(alice, response, "3", 1).rest().text == DATA[3:]


@pytest.mark.parametrize("last", ["x", "-1", "2", "99"])
def test_a_bad_last_event_id_is_a_bad_offset(model: ScriptedModel, alice: Client, last: str) -> None:
    reader = resumed(alice, finished(model, alice), last)
    assert reader.head.status == 400
    assert b'"bad_offset"' in reader.head.read()
    reader.close()


def test_all_three_dialects_agree_on_the_end(model: ScriptedModel, alice: Client) -> None:
    response = finished(model, alice)
    ends = [transport.follow(alice, response).rest().end for transport in TRANSPORTS]
    states = [
        {key: end[key] for key in ("status", "finishReason", "usage", "error", "keptOffset")} for end in ends
    ]
    assert states[0] == states[1] == states[2]
    assert states[0]["keptOffset"] == len(DATA)
