"""The AI SDK's stops, the chats of other users, and answers that are known by their id."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from tests.contract.expect import assert_problem
from tests.dialects.ai_sdk import (
    PATH,
    PartReader,
    assert_grammar,
    begin,
    merged,
    post,
    runtime_body,
    said,
    stop,
)
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer

CALL = Call("calculate", '{"expression": "6*7"}', "call_1")


def stopped(client: Client, thread: str, reader: PartReader, **body: Any) -> str:
    """Stop a chat, and return the content of its reply."""
    assert stop(client, thread, **body).json() == {"status": "stopped"}
    parts = reader.to_end()
    assert_grammar(parts)
    assert parts[-1] == {"type": "abort", "reason": "stopped"}
    return str(client.messages(thread)[-1]["content"])


def test_a_stop_ends_the_body_and_keeps_the_text(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("Half", Gate()))
    reader = begin(alice, thread := new_id("t"), said("user", "Hi")).until("Half")
    assert stopped(alice, thread, reader) == "Half"


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "in another process"])
def test_a_stopped_reply_keeps_the_text_that_the_client_shows(
    model: ScriptedModel, alice: Client, second: LiveServer, elsewhere: bool
) -> None:
    model.script(tool_round(CALL, text="Grö"), answer("ße: 🍎.", Gate()))
    reader = begin(alice, thread := new_id("t"), said("user", "Hi")).until("Größe: 🍎.")
    reply = reader.head.headers["X-Response-Id"]
    shown = [{"type": "text", "text": "Grö"}, {"type": "step-start"}, {"type": "text", "text": "ße: 🍎"}]
    message = {"id": reply, "role": "assistant", "parts": shown}
    client = alice.at(second) if elsewhere else alice
    assert stopped(client, thread, reader, assistantMessage=message) == "Größe: 🍎"


def test_a_stop_where_nothing_runs_tells_the_newest_status(model: ScriptedModel, alice: Client) -> None:
    begin(alice, thread := new_id("t"), said("user", "Hi")).to_end()
    message = said("assistant", "Hel")
    assert stop(alice, thread, assistantMessage=message).json() == {"status": "done"}
    assert alice.messages(thread)[-1]["content"] == "Hello from the script."
    alice.http.post("/api/threads", json={"threadId": (empty := new_id("t"))})
    assert stop(alice, empty).json() == {"status": None}


def test_a_stop_ends_what_waits_too(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("One", Gate()))
    one = said("user", "1")
    first = begin(alice, thread := new_id("t"), one).until("One")
    waiting = begin(alice, thread, one, said("user", "2"), busy="queue")
    assert waiting.head.status == 200
    assert stop(alice, thread).json() == {"status": "stopped"}
    assert first.to_end()[-1] == waiting.to_end()[-1] == {"type": "abort", "reason": "stopped"}
    assert len(model.requests) == 1


@pytest.mark.parametrize(
    "message",
    [
        7,
        {"parts": []},
        said("user", "Hi", "m"),
        {"role": "assistant", "parts": [{"type": "text", "text": 7}]},
    ],
    ids=repr,
)
def test_a_stop_with_another_body_is_a_bad_request(model: ScriptedModel, alice: Client, message: Any) -> None:
    assert_problem(stop(alice, "t", assistantMessage=message), "bad_request", 400)


def test_the_chat_of_another_is_an_unknown_one(model: ScriptedModel, alice: Client, bob: Client) -> None:
    begin(alice, thread := new_id("t"), said("user", "Mine")).to_end()
    for name in (thread, new_id("t")):
        assert_problem(stop(bob, name), "not_found", 404)
        assert_problem(bob.get(f"{PATH}/{name}"), "not_found", 404)


def test_a_known_answer_is_attached_to_whatever_else_is_sent(model: ScriptedModel, alice: Client) -> None:
    body = runtime_body(thread := new_id("t"), reply := new_id("r"), new_id("m"), ("user", "Hi"))
    first = post(alice, body)
    first.to_end()
    assert first.head.headers["X-Response-Id"] == reply
    other = {**body, "threadId": new_id("t"), "parentId": new_id("m")}
    again = post(alice, other)
    assert merged(again.to_end()) == merged(first.parts)
    assert again.head.headers["X-Thread-Id"] == thread
    assert len(model.requests) == 1
