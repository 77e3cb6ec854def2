"""Contract section 10: thought is a text of its own beside the answer's, with a cursor of its own."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import pytest

from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from chat.testing.script import PacedSteps, Stall, Thought, broken
from tests.contract.expect import assert_problem, framed
from tests.live.client import Client, new_id
from tests.live.harness import eventually
from tests.live.transports import C1, SOCKET, SSE, ReceivedStream, Transport

FIRST, SECOND = "Größe 🍎?", "Ja."
SCRIPT = (Thought(FIRST), "Hel", Thought(SECOND), "lo")
# The same as one order: kinds and texts.
ORDER = [("thinking", FIRST), ("delta", "Hel"), ("thinking", SECOND), ("delta", "lo")]
ITEM = (
    b'<thinkitem ephemeral="true"><thinkitemtitle>Thinking</thinkitemtitle>'
    b"<thinkitemcontent>The model is thinking.</thinkitemcontent></thinkitem>"
)


@pytest.fixture
def plain(make_client: Any, servers: Any) -> Client:
    """Provide a user of a server that writes no think items."""
    made: Client = make_client(servers.keep(CHAT_THINK_ITEMS="off", CHAT_ACTIVE_PER_USER="20"))
    return made


def order(received: ReceivedStream) -> list[tuple[str, str]]:
    """Return the text and the thought in the order in which they came, each stretch once."""
    pieces = [(name, data["text"]) for name, data in received.events if name in ("thinking", "delta")]
    return [
        (kind, "".join(text for _, text in some)) for kind, some in groupby(pieces, key=lambda one: one[0])
    ]


def thought_of(client: Client, thread: str) -> Any:
    return client.messages(thread)[-1]["thinking"]


@framed
def test_thought_comes_where_the_model_sent_it_live_and_replayed(
    model: ScriptedModel, plain: Client, transport: Transport
) -> None:
    model.script(answer(*SCRIPT))
    response = new_id("r")
    assert order(transport.send(plain, response=response).rest()) == ORDER
    assert order(transport.follow(plain, response).rest()) == ORDER


@framed
def test_both_cursors_resume_exactly_live_and_replayed(
    model: ScriptedModel, plain: Client, transport: Transport
) -> None:
    gate, response = Gate(), new_id("r")
    model.script(answer(*SCRIPT, gate, Thought("!"), "."))
    whole = [("thinking", FIRST), ("delta", "Hel"), ("thinking", SECOND), ("delta", "lo")]
    seen = SSE.send(plain, response=response).until("Hello")
    text, thought = seen.received.text, seen.received.thought
    assert order(seen.received) == whole
    live = transport.follow(plain, response, len(text), len(thought))
    gate.open()
    assert order(live.rest()) == [("thinking", "!"), ("delta", ".")]
    cut = len("Größe ".encode())
    resumed = transport.follow(plain, response, 2, cut).rest()
    assert (resumed.text, resumed.thought) == (b"llo.", f"🍎?{SECOND}!".encode())
    assert seen.rest().thought == f"{FIRST}{SECOND}!".encode()


@framed
def test_without_a_cursor_of_its_own_the_thought_at_or_behind_the_offset_comes(
    model: ScriptedModel, plain: Client, transport: Transport
) -> None:
    model.script(answer(*SCRIPT))
    plain.chat(response=(response := new_id("r")))
    behind = {offset: transport.follow(plain, response, offset).rest().thought for offset in (0, 1, 3, 4)}
    assert behind == {
        0: f"{FIRST}{SECOND}".encode(),
        1: SECOND.encode(),
        3: SECOND.encode(),
        4: b"",
    }


def test_ids_name_both_cursors_once_a_response_has_thought_and_are_taken_back(
    model: ScriptedModel, plain: Client
) -> None:
    model.script(answer("Hi", Thought("a€"), "!"))
    response = new_id("r")
    events = SSE.send(plain, response=response).rest().events
    assert [data["id"] for _, data in events] == ["0", "2", "2:4", "3:4", "3:4"]
    again = SSE.follow(plain, response, headers={"Last-Event-ID": "2:1"}).rest()
    assert (again.thought, again.text) == ("€".encode(), b"!")
    again = SSE.follow(plain, response, headers={"Last-Event-ID": "2"}).rest()
    assert (again.thought, again.text) == ("a€".encode(), b"!")


@pytest.mark.parametrize("bad", ["-1", "2", "99", "x", "", "1.5", "1:1", str(10**30)])
def test_a_place_in_the_thought_that_is_none_is_a_bad_offset(
    model: ScriptedModel, plain: Client, bad: str
) -> None:
    model.script(answer(Thought("a€"), "Hi"))
    plain.chat(response=(response := new_id("r")))
    path = f"/api/responses/{response}/stream"
    assert_problem(plain.get(path, format="sse", offset=0, thinkingOffset=bad), "bad_offset", 400)
    resumed = plain.http.get(f"{path}?format=sse", headers={"Last-Event-ID": f"0:{bad}"})
    assert_problem(resumed, "bad_offset", 400)


@pytest.mark.parametrize("bad", [-1, 2, 99, "1", 1.5, True, []])
def test_the_websocket_refuses_such_a_place(model: ScriptedModel, plain: Client, bad: Any) -> None:
    model.script(answer(Thought("a€"), "Hi"))
    plain.chat(response=(response := new_id("r")))
    with plain.socket() as socket:
        frame = socket.ask("follow", responseId=response, offset=0, thinkingOffset=bad)
        assert (frame["type"], frame["code"]) == ("error", "bad_offset")


def test_the_raw_body_and_the_message_hold_no_thought(model: ScriptedModel, plain: Client) -> None:
    model.script(answer(*SCRIPT), answer(*SCRIPT))
    thread = new_id("t")
    assert C1.send(plain, thread=thread).rest().text == b"Hello"
    assert plain.messages(thread)[-1]["content"] == "Hello"
    body = {"prompt": {"role": "user", "content": "Hi"}, "model": "c1"}
    assert plain.http.post("/api/response", json=body).text == "Hello"


def test_readers_of_c1_get_one_think_item_for_each_stretch_of_thought(
    model: ScriptedModel, alice: Client
) -> None:
    model.script(answer(Thought("a"), Thought("b"), "Hel", Thought("c"), "lo"))
    thread, response = new_id("t"), new_id("r")
    whole = ITEM + b"Hel" + ITEM + b"lo"
    assert C1.send(alice, thread=thread, response=response).rest().text == whole
    assert alice.messages(thread)[-1]["content"] == "Hello"
    assert alice.response(response)["offset"] == len(whole)
    assert C1.follow(alice, response, len(ITEM)).rest().text == whole[len(ITEM) :]


def test_state_and_messages_tell_how_long_the_model_thought(model: ScriptedModel, plain: Client) -> None:
    model.script(answer(*SCRIPT), answer("Hi"))
    thread, response = new_id("t"), new_id("r")
    plain.chat(thread=thread, response=response)
    state = plain.response(response)
    assert state["thinkingOffset"] == len(f"{FIRST}{SECOND}".encode())
    assert 0 <= state["thinkingSeconds"] < 60
    assert thought_of(plain, thread) == {"text": FIRST + SECOND, "seconds": state["thinkingSeconds"]}
    plain.chat(thread=thread, response=(response := new_id("r")))
    state = plain.response(response)
    assert (state["thinkingOffset"], state["thinkingSeconds"], thought_of(plain, thread)) == (0, None, None)


def test_a_reload_in_the_middle_of_a_thought_finds_it_so_far(model: ScriptedModel, plain: Client) -> None:
    gate, thread, response = Gate(), new_id("t"), new_id("r")
    model.script(answer(Thought("Let me "), gate, Thought("see."), "Yes."))
    reader = SSE.send(plain, thread=thread, response=response)
    reader.until("")
    eventually(lambda: (thought_of(plain, thread) or {}).get("text") == "Let me ")
    rest = SSE.follow(plain, response, 0, len("Let me "))
    gate.open()
    assert order(rest.rest()) == [("thinking", "see."), ("delta", "Yes.")]
    assert reader.rest().thought == b"Let me see."


def test_thought_is_a_sign_of_life_for_the_deadlines(
    model: ScriptedModel, make_client: Any, servers: Any
) -> None:
    client = make_client(servers.keep(CHAT_FIRST_TOKEN_SECONDS="1.5", CHAT_SILENCE_SECONDS="1.5"))
    model.script(answer(PacedSteps([Thought("hm ") for _ in range(12)], 0.2), "Done."))
    thread, response = new_id("t"), new_id("r")
    client.chat(thread=thread, response=response)
    state = client.response(response)
    assert (state["status"], state["thinkingSeconds"] > 1.5) == ("done", True)
    assert thought_of(client, thread)["text"] == "hm " * 12


def test_thought_without_words_is_a_sign_of_life_as_well(
    model: ScriptedModel, make_client: Any, servers: Any
) -> None:
    client = make_client(servers.keep(CHAT_FIRST_TOKEN_SECONDS="1.5", CHAT_SILENCE_SECONDS="1.5"))
    encrypted = Thought([{"type": "reasoning.encrypted", "data": "x"}], "reasoning_details")
    model.script(answer(PacedSteps([encrypted] * 12, 0.2), "Done."))
    response = new_id("r")
    client.chat(response=response)
    assert client.response(response)["status"] == "done"


@pytest.mark.parametrize("then", ["silent", "for ever"])
def test_a_thought_that_stops_or_never_ends_is_a_timeout_and_stays(
    model: ScriptedModel, make_client: Any, servers: Any, then: str
) -> None:
    client = make_client(servers.keep(CHAT_SILENCE_SECONDS="1", CHAT_THINKING_SECONDS="1.5"))
    endless = [Thought("hm ")] if then == "silent" else [Thought("hm ") for _ in range(500)]
    model.script(broken(PacedSteps(endless, 0.05), Stall()))
    thread, response = new_id("t"), new_id("r")
    client.chat(thread=thread, response=response)
    state = client.response(response)
    assert (state["status"], state["error"]["code"]) == ("failed", "model_timeout")
    assert thought_of(client, thread)["text"].startswith("hm ")


def test_thought_beyond_the_largest_stored_size_is_dropped_and_the_answer_goes_on(
    model: ScriptedModel, make_client: Any, servers: Any
) -> None:
    client = make_client(servers.keep(CHAT_THINKING_BYTES="1000"))
    model.script(answer(Thought("é" * 400), Thought("é" * 400), "Hi", Thought("more"), "!"))
    thread, response = new_id("t"), new_id("r")
    received = SSE.send(client, thread=thread, response=response).rest()
    assert (received.thought, received.end["status"]) == (("é" * 500).encode(), "done")
    assert client.messages(thread)[-1]["content"] == "Hi!"
    assert client.response(response)["thinkingOffset"] == 1000


def test_thought_before_a_tool_call_stands_before_it_and_the_next_round_thinks_anew(
    model: ScriptedModel, plain: Client
) -> None:
    call = Call("calculate", '{"expression": "1 + 1"}')
    model.script(tool_round(call, before=[Thought("Count.")]), answer(Thought("Good."), "2"))
    thread = new_id("t")
    received = SSE.send(plain, thread=thread).rest()
    kinds = [name for name, _ in received.events if name not in ("start", "end")]
    assert kinds == ["thinking", "tool", "tool", "thinking", "delta"]
    reply = plain.messages(thread)[-1]
    assert reply["thinking"]["text"] == "Count.Good."
    assert reply["tools"] == [{"id": "call_1", "name": "calculate", "state": "done", "offset": 0}]


def test_another_process_follows_a_thought(
    model: ScriptedModel, plain: Client, make_client: Any, servers: Any
) -> None:
    elsewhere = plain.at(servers.keep(CHAT_THINK_ITEMS="off", CHAT_ACTIVE_PER_USER="21"))
    gate, response = Gate(), new_id("r")
    model.script(answer(*SCRIPT, gate, Thought("!"), "."))
    here = SSE.send(plain, response=response).until("Hello")
    there = SOCKET.follow(elsewhere, response).until("Hello")
    gate.open()
    assert order(there.rest()) == order(here.rest()) == [*ORDER, ("thinking", "!"), ("delta", ".")]
