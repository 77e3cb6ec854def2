"""The AI SDK's requests: prompts, edits, other answers, and bodies that are refused."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import Gate, ScriptedModel, answer
from tests.contract.expect import assert_problem
from tests.dialects.ai_sdk import (
    PATH,
    begin,
    chat_body,
    history,
    post,
    reply_of,
    runtime_body,
    said,
    stop,
)
from tests.live.client import Client, Json, new_id


def contents(client: Client, thread: str) -> list[Any]:
    return [message["content"] for message in client.messages(thread)]


def prompts(model: ScriptedModel) -> list[Any]:
    """Return the contents of the conversation that the model got."""
    return [message["content"] for message in model.requests[-1].messages]


# Messages with ids


def test_a_conversation_with_another_answer_and_an_edit(model: ScriptedModel, alice: Client) -> None:
    model.script(*(answer(words) for words in ("1", "2", "2 again", "2!", "3", "1 again")))
    thread, one, two = new_id("t"), said("user", "One"), said("user", "Two")
    text, name = reply_of(alice, thread, one)
    first = said("assistant", text, name)
    _, name = reply_of(alice, thread, one, first, two)
    reply_of(alice, thread, one, first, two, trigger="regenerate-message", messageId=name)
    assert contents(alice, thread) == ["One", "1", "Two", "2 again"]
    edited = said("user", "Two!", two["id"])
    text, name = reply_of(alice, thread, one, first, edited, messageId=two["id"])
    assert contents(alice, thread) == ["One", "1", "Two!", "2!"]
    reply_of(alice, thread, one, first, edited, said("assistant", text, name), said("user", "Three"))
    assert contents(alice, thread) == ["One", "1", "Two!", "2!", "Three", "3"]
    assert prompts(model) == ["One", "1", "Two!", "2!", "Three"]
    reply_of(alice, thread, one, trigger="regenerate-message", messageId=first["id"])
    assert contents(alice, thread) == ["One", "1 again"]


def test_the_same_message_sent_again_attaches_to_its_answer(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("Hel", gate := Gate(), "lo"))
    thread, message = new_id("t"), said("user", "Hi")
    readers = [begin(alice, thread, message) for _ in range(3)]
    readers[0].until("Hel")
    gate.open()
    assert {reader.to_end()[0]["messageId"] for reader in readers} == {
        readers[0].head.headers["X-Response-Id"]
    }
    assert (len(model.requests), contents(alice, thread)) == (1, ["Hi", "Hello"])


def test_a_message_alone_continues_its_thread(model: ScriptedModel, alice: Client) -> None:
    thread = new_id("t")
    for words in ("One", "Two"):
        post(alice, {"id": thread, "message": said("user", words), "trigger": "submit-message"}).to_end()
    assert prompts(model) == ["One", "Hello from the script.", "Two"]


def test_messages_brought_along_make_a_new_thread_with_their_ids(model: ScriptedModel, alice: Client) -> None:
    known = [said("system", "Be brief."), said("user", "One"), said("assistant", "1")]
    empty: Json = {"id": new_id("m"), "role": "assistant", "parts": [{"type": "step-start"}]}
    reply_of(alice, thread := new_id("t"), *known, empty, said("user", "Two"))
    assert [message["id"] for message in alice.messages(thread)[:2]] == [known[1]["id"], known[2]["id"]]
    assert prompts(model) == ["Be brief.", "One", "1", "Two"]


def test_parts_of_other_types_are_left_out(model: ScriptedModel, alice: Client) -> None:
    parts = [
        {"type": "step-start"},
        {"type": "text", "text": "Grü", "state": "done"},
        {"type": "data-place", "data": {"text": 7}},
        {"type": "text", "text": "ße"},
        {"type": "reasoning", "text": "never"},
    ]
    reply_of(alice, thread := new_id("t"), {"id": new_id("m"), "role": "user", "parts": parts, "metadata": 7})
    assert contents(alice, thread)[0] == "Grüße"


def test_a_model_and_a_policy_are_chosen_in_the_body(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("One", Gate()))
    one = said("user", "1")
    begin(alice, thread := new_id("t"), one, model="openassistant").until("One")
    refused = alice.http.post(PATH, json=chat_body(thread, said("user", "2"), busy="reject"))
    assert_problem(refused, "thread_busy", 409)
    unknown = alice.http.post(PATH, json=chat_body(new_id("t"), said("user", "1"), model="gpt-0"))
    assert_problem(unknown, "bad_request", 400)
    assert stop(alice, thread).json() == {"status": "stopped"}


# Messages without ids, from assistant-ui


def test_messages_without_ids_continue_their_thread(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("1"), answer("2"))
    thread, one, two = new_id("t"), new_id("m"), new_id("m")
    post(alice, runtime_body(thread, new_id("r"), one, ("user", "One"))).to_end()
    said_so_far = (("user", "One"), ("assistant", "1"), ("user", "Two"))
    post(alice, runtime_body(thread, reply := new_id("r"), two, *said_so_far)).to_end()
    shown = alice.messages(thread)
    assert [message["id"] for message in shown[2:]] == [two, reply]
    assert prompts(model) == ["One", "1", "Two"]


def test_a_shorter_list_without_ids_is_an_edit(model: ScriptedModel, alice: Client) -> None:
    model.script(*(answer(words) for words in ("1", "2", "2!", "1!")))
    thread, talk = new_id("t"), (("user", "One"), ("assistant", "1"))
    post(alice, runtime_body(thread, new_id("r"), new_id("m"), talk[0])).to_end()
    for words in ("Two", "Two!"):
        post(alice, runtime_body(thread, new_id("r"), new_id("m"), *talk, ("user", words))).to_end()
    assert contents(alice, thread) == ["One", "1", "Two!", "2!"]
    post(alice, runtime_body(thread, new_id("r"), new_id("m"), ("user", "One!"))).to_end()
    assert contents(alice, thread) == ["One!", "1!"]
    assert prompts(model) == ["One!"]


def test_a_reply_that_said_nothing_is_missing_from_the_list(model: ScriptedModel, alice: Client) -> None:
    model.script(answer(), answer("2"), answer("3"))
    thread, talk = new_id("t"), [("user", "One"), ("user", "Two"), ("assistant", "2"), ("user", "Three")]
    for size in (1, 2, 4):
        post(alice, runtime_body(thread, new_id("r"), new_id("m"), *talk[:size])).to_end()
    assert contents(alice, thread) == ["One", "", "Two", "2", "Three", "3"]


def test_a_known_prompt_under_a_new_reply_id_gets_another_answer(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("1"), answer("1 again"))
    thread, prompt = new_id("t"), new_id("m")
    for _ in range(2):
        post(alice, runtime_body(thread, new_id("r"), prompt, ("user", "One"))).to_end()
    *_, last = alice.messages(thread)
    assert (last["content"], len(last["versions"])) == ("1 again", 2)


def test_a_single_message_without_names_continues_the_thread(model: ScriptedModel, alice: Client) -> None:
    thread = new_id("t")
    for words in ("One", "Two"):
        body = {"id": thread, "messages": [{"role": "user", "content": words}]}
        post(alice, body).to_end()
    assert contents(alice, thread)[::2] == ["One", "Two"]


# Who may


def test_a_visitor_becomes_a_guest_and_needs_a_token_to_stop(make_client: Any, server: Any) -> None:
    visitor = make_client(server, token=False)
    sent = visitor.http.post(PATH, json=chat_body(thread := new_id("t"), said("user", "Hi")))
    assert sent.status_code == 200
    assert history(visitor, thread)["messages"][0]["role"] == "user"
    assert_problem(stop(visitor, thread), "csrf_failed", 403)


def test_without_credentials_a_chat_cannot_be_read(make_client: Any, server: Any) -> None:
    visitor = make_client(server, token=False)
    for path in (f"{PATH}/t", f"{PATH}/t/stream"):
        assert_problem(visitor.get(path), "unauthenticated", 401)


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_a_foreign_page_cannot_send(model: ScriptedModel, alice: Client, headers: dict[str, str]) -> None:
    refused = alice.http.post(PATH, json=chat_body("t", said("user", "Hi")), headers=headers)
    assert_problem(refused, "forbidden_origin", 403)
    form = alice.http.post(PATH, content="id=t", headers={"Content-Type": "text/plain"})
    assert_problem(form, "unsupported_media_type", 415)


# Bad input

USER = said("user", "Hi", "m")
WRONG: list[Json] = [
    {},
    {"messages": []},
    {"messages": "Hi"},
    {"messages": [7]},
    {"messages": [USER], "message": USER},
    {"message": [USER]},
    {"messages": [USER], "id": 7},
    {"messages": [USER], "id": ""},
    {"messages": [USER], "id": "x" * 129},
    {"messages": [USER], "threadId": "a b"},
    {"messages": [USER], "trigger": "resume"},
    {"messages": [USER], "messageId": 7},
    {"messages": [USER], "model": 7},
    {"messages": [USER], "busy": "wait"},
    {"messages": [USER], "unstable_assistantMessageId": "a b"},
    {"messages": [USER], "unstable_assistantMessageId": "m"},
    {"messages": [{"role": "user", "content": "Hi"}], "parentId": "a b"},
    {"messages": [{**USER, "id": 7}]},
    {"messages": [{**USER, "id": "a b"}]},
    {"messages": [{**USER, "role": "data"}]},
    {"messages": [{**USER, "parts": 7}]},
    {"messages": [{**USER, "parts": {}}]},
    {"messages": [{**USER, "parts": []}]},
    {"messages": [{**USER, "parts": ["text"]}]},
    {"messages": [{**USER, "parts": [{"type": "text"}]}]},
    {"messages": [{**USER, "parts": [{"type": "text", "text": 7}]}]},
    {"messages": [{**USER, "parts": [{"type": "text", "text": ""}]}]},
    {"messages": [{**USER, "parts": [{"type": "reasoning", "text": "x"}]}]},
    {"messages": [{"role": "user", "content": 7}]},
    {"messages": [{"role": "user", "content": [7]}]},
    {"messages": [USER, said("assistant", "Hello", "r")]},
    {"messages": [USER, said("assistant", "Hello", "r")], "trigger": "regenerate-message"},
    {"messages": [said("king", "x", "k"), USER]},
    {"messages": [said("user", "", "e"), USER]},
    {"messages": [{**USER, "parts": [{"type": "text", "text": "a\0b"}]}]},
    {"messages": [{**USER, "metadata": [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}]},
]


@pytest.mark.parametrize("body", WRONG, ids=repr)
def test_a_body_of_another_form_is_a_bad_request(model: ScriptedModel, alice: Client, body: Json) -> None:
    assert_problem(alice.http.post(PATH, json=body), "bad_request", 400)
    assert (model.requests, alice.get("/api/threads").json()["threads"]) == ([], [])


def test_what_is_beyond_a_limit_is_too_large(model: ScriptedModel, alice: Client) -> None:
    half = {"type": "text", "text": "é" * 16_385}
    for messages in ([{**USER, "parts": [half, half]}], [said("user", "x" * 65_537), USER], [USER] * 1_001):
        refused = alice.http.post(PATH, json=chat_body(new_id("t"), *messages))
        assert_problem(refused, "too_large", 413)
    body = b'{"messages": "%s"}' % (b"x" * 8 * 1024 * 1024)
    refused = alice.http.post(PATH, content=body, headers={"Content-Type": "application/json"})
    assert_problem(refused, "too_large", 413)
    assert model.requests == []
