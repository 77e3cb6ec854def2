"""The AI SDK's text transport on `POST /api/response`: its bodies and its reconnect."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import Gate, ScriptedModel, answer
from tests.contract.expect import assert_problem
from tests.live.client import Client, Json, new_id
from tests.live.harness import eventually
from tests.live.text_transport import TextReader, ask, begin, contents, said, stream_of, turns

# Bodies


def test_a_bare_prompt_is_one_users_message(model: ScriptedModel, alice: Client) -> None:
    answered = alice.http.post("/api/response", json={"prompt": "Hi"})
    assert answered.text == "Hello from the script."
    assert turns(model) == ["Hi"]
    assert contents(alice, answered.headers["x-thread-id"]) == ["Hi", "Hello from the script."]


def test_the_body_names_the_thread_and_the_prompt(model: ScriptedModel, alice: Client) -> None:
    thread, message = new_id("t"), said("user", "Hi")
    answered = ask(alice, thread, message, messageId=None)
    assert (answered.text, answered.headers["x-thread-id"]) == ("Hello from the script.", thread)
    assert answered.headers["content-type"] == "text/plain; charset=utf-8"
    assert alice.messages(thread)[0]["id"] == message["id"]


def test_the_text_parts_are_joined_and_others_left_out(model: ScriptedModel, alice: Client) -> None:
    parts = [
        {"type": "step-start"},
        {"type": "text", "text": "Grü"},
        {"type": "file", "mediaType": "image/png", "url": "data:image/png;base64,AA=="},
        {"type": "text", "text": "ße"},
        {"type": "reasoning", "text": "never"},
    ]
    thread = new_id("t")
    ask(alice, thread, {"id": new_id("m"), "role": "user", "parts": parts})
    assert contents(alice, thread)[0] == "Grüße"


def test_a_content_wins_over_parts(model: ScriptedModel, alice: Client) -> None:
    ask(alice, thread := new_id("t"), {**said("user", "part"), "content": "content"})
    assert contents(alice, thread)[0] == "content"


def test_messages_without_ids_continue_the_thread_that_the_body_names(
    model: ScriptedModel, alice: Client
) -> None:
    thread, talk = new_id("t"), [{"role": "user", "content": "One"}]
    for words in ("Two", "Three"):
        reply = alice.http.post("/api/response", json={"id": thread, "messages": talk}).text
        talk += [{"role": "assistant", "content": reply}, {"role": "user", "content": words}]
    alice.http.post("/api/response", json={"id": thread, "messages": talk})
    assert turns(model) == ["One", "Hello from the script.", "Two", "Hello from the script.", "Three"]


def test_a_thread_id_wins_over_the_chats_own(model: ScriptedModel, alice: Client) -> None:
    thread = new_id("t")
    assert ask(alice, "chat", said("user", "Hi"), threadId=thread).headers["x-thread-id"] == thread


# Reconnecting


def test_a_running_answer_is_read_from_its_beginning(model: ScriptedModel, alice: Client) -> None:
    gate, thread = Gate(), new_id("t")
    model.script(answer("Grü", gate, "ße"))
    begin(alice, thread, said("user", "Hi")).until("Grü").close()
    again = TextReader(alice, "GET", f"/api/response/{thread}/stream", None, {}).until("Grü")
    gate.open()
    assert again.rest().text == "Grüße".encode()
    assert again.head.headers["content-type"] == "text/plain; charset=utf-8"
    assert again.head.headers["x-thread-id"] == thread
    eventually(lambda: stream_of(alice, thread).status_code == 204, says="it runs on")


def test_without_a_running_answer_there_is_no_content(
    model: ScriptedModel, alice: Client, make_client: Any
) -> None:
    gate, thread = Gate(), new_id("t")
    model.script(answer("Hel", gate))
    running = begin(alice, thread, said("user", "Hi")).until("Hel")
    for client, name in ((make_client(alice.server), thread), (alice, new_id("t"))):
        answered = stream_of(client, name)
        assert (answered.status_code, answered.content) == (204, b"")
    alice.stop(running.head.headers["x-response-id"])
    assert stream_of(alice, thread).status_code == 204
    gate.open()


def test_reconnecting_needs_an_owner(model: ScriptedModel, make_client: Any, server: Any) -> None:
    assert_problem(stream_of(make_client(server, token=False), "t"), "unauthenticated", 401)


# Bad input

USER = said("user", "Hi", "m")
WRONG: list[Json] = [
    {"prompt": ""},
    {"prompt": 7},
    {"prompt": ["Hi"]},
    {"prompt": "Hi", "messages": [USER]},
    {"messages": []},
    {"messages": "Hi"},
    {"messages": [USER], "id": 7},
    {"messages": [USER], "id": ""},
    {"messages": [USER], "id": "a b"},
    {"messages": [USER], "id": "x" * 129},
    {"messages": [USER], "trigger": "resume"},
    {"messages": [USER], "trigger": 7},
    {"messages": [USER], "messageId": 7},
    {"messages": [USER], "messageId": ["m"]},
    {"messages": [{**USER, "id": 7}]},
    {"messages": [{**USER, "id": "a b"}]},
    {"messages": [{**USER, "role": "data"}]},
    {"messages": [{**USER, "role": 7}]},
    {"messages": [{**USER, "parts": 7}]},
    {"messages": [{**USER, "parts": {}}]},
    {"messages": [{**USER, "parts": []}]},
    {"messages": [{**USER, "parts": None}]},
    {"messages": [{**USER, "parts": ["text"]}]},
    {"messages": [{**USER, "parts": [{"text": "x"}]}]},
    {"messages": [{**USER, "parts": [{"type": 7, "text": "x"}]}]},
    {"messages": [{**USER, "parts": [{"type": "text", "text": 7}]}]},
    {"messages": [{**USER, "parts": [{"type": "text"}]}]},
    {"messages": [{**USER, "parts": [{"type": "file", "url": "x"}]}]},
    {"messages": [{**USER, "content": 7}]},
    {"messages": [USER, said("assistant", "Hello", "a")]},
    {"messages": [said("assistant", "Hello", "a")], "trigger": "regenerate-message"},
    {"messages": [said("king", "x", "k"), USER]},
    {"messages": [said("user", "", "e"), USER]},
    {"messages": [{"role": "user"}, USER]},
    {"messages": [{**USER, "parts": [[[[[[]]]]]]}]},
]


@pytest.mark.parametrize("body", WRONG, ids=repr)
def test_a_body_of_another_form_is_a_bad_request(model: ScriptedModel, alice: Client, body: Json) -> None:
    assert_problem(alice.http.post("/api/response", json=body), "bad_request", 400)
    assert (model.requests, alice.get("/api/threads").json()["threads"]) == ([], [])


def test_a_body_that_is_nested_too_deep_is_a_bad_request(model: ScriptedModel, alice: Client) -> None:
    for deep in (b'{"a":' * 40 + b"1" + b"}" * 40, b"[" * 50_000):
        body = (
            b'{"messages": [{"id": "m", "role": "user", "parts": [{"type": "data-x", "data": %s}]}]}' % deep
        )
        answered = alice.http.post(
            "/api/response", content=body, headers={"Content-Type": "application/json"}
        )
        assert_problem(answered, "bad_request", 400)


def test_a_text_beyond_the_limit_is_too_large(model: ScriptedModel, alice: Client) -> None:
    half = {"type": "text", "text": "é" * 16_385}
    too_large: list[Json] = [
        {"prompt": "x" * 65_537},
        {"messages": [{**USER, "parts": [half, half]}]},
        {"messages": [said("user", "x" * 65_537), USER]},
        {"messages": [said("user", "x")] * 1_001},
    ]
    for body in too_large:
        assert_problem(alice.http.post("/api/response", json=body), "too_large", 413)
    assert model.requests == []


def test_the_chat_route_knows_none_of_these_bodies(model: ScriptedModel, alice: Client) -> None:
    for body in ({"prompt": "Hi"}, {"messages": [USER]}):
        assert_problem(alice.http.post("/api/chat", json=body), "bad_request", 400)
    known = {"prompt": {"role": "user", "content": "Hi", "parts": 7}, "id": 7, "trigger": 7}
    assert alice.http.post("/api/chat", json=known).status_code == 200
