"""The AI SDK's text transport on `POST /api/response`: its bodies, its ids, its reconnect."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from chat.testing import Gate, ScriptedModel, answer, refusal
from tests.contract.expect import assert_problem
from tests.live.client import Client, Json, new_id
from tests.live.harness import eventually
from tests.live.transports import HttpReader

END = "<|endoftext|>"


def said(role: str, text: str, name: str | None = None) -> Json:
    """Return a message as `useChat` keeps it; its replies have ids of its own."""
    return {"id": name or new_id("m"), "role": role, "parts": [{"type": "text", "text": text}]}


def ask(client: Client, thread: str, *messages: Json, **more: Any) -> httpx.Response:
    body = {"id": thread, "messages": messages, "trigger": "submit-message", **more}
    return client.http.post("/api/response", json=body)


def regenerate(client: Client, thread: str, *messages: Json, **more: Any) -> httpx.Response:
    return ask(client, thread, *messages, trigger="regenerate-message", **more)


class TextReader(HttpReader):
    """A reader of the bare text of `POST /api/response`."""

    def take(self, piece: bytes) -> None:
        self.received.text += piece


def begin(client: Client, thread: str, *messages: Json, **more: Any) -> TextReader:
    body = {"id": thread, "messages": messages, "trigger": "submit-message", **more}
    return TextReader(client, "POST", "/api/response", body, {})


def turns(model: ScriptedModel, number: int = -1) -> list[str]:
    """Return the texts of the prompt that the model got, oldest first."""
    parts: list[str] = model.requests[number].json["prompt"].split(END)[:-1]
    return [part.partition("|>")[2] for part in parts]


def contents(client: Client, thread: str, **params: Any) -> list[str]:
    return [message["content"] for message in client.messages(thread, **params)]


def stream_of(client: Client, thread: str) -> httpx.Response:
    return client.get(f"/api/response/{thread}/stream")


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


# The conversation


def test_a_conversation_goes_on_under_the_clients_ids(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("1"), answer("2"), answer("3"))
    thread, talk = new_id("t"), [said("user", "One")]
    for words in ("Two", "Three"):
        talk += [said("assistant", ask(alice, thread, *talk).text), said("user", words)]
    ask(alice, thread, *talk)
    assert turns(model) == ["One", "1", "Two", "2", "Three"]
    assert contents(alice, thread) == ["One", "1", "Two", "2", "Three", "3"]
    assert all(len(message["versions"]) == 1 for message in alice.messages(thread))


def test_another_clients_turn_in_between_makes_a_branch(model: ScriptedModel, alice: Client) -> None:
    thread, one = new_id("t"), said("user", "One")
    reply = said("assistant", ask(alice, thread, one).text)
    alice.chat("Elsewhere", thread=thread, model="openassistant")
    ask(alice, thread, one, reply, said("user", "Two"))
    assert turns(model) == ["One", "Hello from the script.", "Two"]
    assert "Elsewhere" not in contents(alice, thread)


def test_a_reply_without_text_is_left_out(model: ScriptedModel, alice: Client) -> None:
    empty = {"id": new_id("m"), "role": "assistant", "parts": [{"type": "step-start"}]}
    ask(alice, new_id("t"), said("user", "One"), empty, said("user", "Two"))
    assert turns(model) == ["One", "Two"]


def test_a_reply_comes_back_as_long_as_the_model_made_it(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("x" * 100_000))
    thread, one = new_id("t"), said("user", "One")
    long = said("assistant", ask(alice, thread, one).text)
    assert ask(alice, thread, one, long, said("user", "Two")).status_code == 200
    assert ask(alice, new_id("t"), said("user", "1"), {**long, "id": "n"}, said("user", "2")).is_success


def test_an_unknown_thread_gets_the_earlier_messages_under_their_ids(
    model: ScriptedModel, alice: Client
) -> None:
    thread = new_id("t")
    talk = [said("user", "One"), said("assistant", "1"), said("user", "Two")]
    ask(alice, thread, *talk)
    assert turns(model) == ["One", "1", "Two"]
    assert [message["id"] for message in alice.messages(thread)][:3] == [one["id"] for one in talk]


def test_an_id_that_is_taken_or_none_is_replaced_in_an_import(model: ScriptedModel, alice: Client) -> None:
    ask(alice, new_id("t"), taken := said("user", "Elsewhere"))
    twice, strange = new_id("m"), said("user", "four", "no id/at all")
    talk = [
        {**taken},
        said("user", "two", twice),
        said("user", "three", twice),
        strange,
        said("user", "five"),
    ]
    assert ask(alice, thread := new_id("t"), *talk).status_code == 200
    assert contents(alice, thread)[:5] == ["Elsewhere", "two", "three", "four", "five"]


# The same message again


def test_the_same_message_again_attaches_to_its_answer(model: ScriptedModel, alice: Client) -> None:
    gate, thread, message = Gate(), new_id("t"), said("user", "Hi")
    model.script(answer("Hel", gate, "lo"))
    first, second = (begin(alice, thread, message).until("Hel") for _ in range(2))
    gate.open()
    assert [first.rest().text, second.rest().text] == [b"Hello", b"Hello"]
    assert ask(alice, thread, message).text == "Hello"
    assert len(model.requests) == 1


def test_two_at_once_make_one_call_of_the_model(model: ScriptedModel, alice: Client) -> None:
    thread, message = new_id("t"), said("user", "Hi")
    with ThreadPoolExecutor(8) as pool:
        texts = list(pool.map(lambda _: begin(alice, thread, message).rest().text, range(8)))
    assert texts == [b"Hello from the script."] * 8
    assert len(model.requests) == 1


def test_after_a_failure_or_a_stop_the_same_message_asks_again(model: ScriptedModel, alice: Client) -> None:
    gate, thread, message = Gate(), new_id("t"), said("user", "Hi")
    model.script(refusal(401), answer("Hel", gate), answer("Hello"))
    assert ask(alice, thread, message).headers["x-response-status"] == "failed"
    stopped = begin(alice, thread, message).until("Hel")
    alice.stop(stopped.head.headers["x-response-id"])
    assert ask(alice, thread, message).text == "Hello"
    assert turns(model) == ["Hi"]
    assert contents(alice, thread) == ["Hi", "Hello"]
    gate.open()


def test_a_message_of_another_thread_is_a_reused_id(model: ScriptedModel, alice: Client) -> None:
    ask(alice, new_id("t"), message := said("user", "Hi"))
    alice.chat("x", thread=(other := new_id("t")))
    for thread in (other, new_id("t")):
        assert_problem(ask(alice, thread, message), "prompt_id_reused", 409)


def test_two_users_may_use_the_same_ids(model: ScriptedModel, alice: Client, make_client: Any) -> None:
    bob, message = make_client(alice.server), said("user", "Hi", "m")
    for client in (alice, bob):
        assert ask(client, "t", message).status_code == 200
    assert len(model.requests) == 2


def test_a_response_id_of_its_own_makes_it_idempotent_by_that(model: ScriptedModel, alice: Client) -> None:
    thread, message, response = new_id("t"), said("user", "Hi"), new_id("r")
    for _ in range(2):
        answered = ask(alice, thread, message, responseId=response)
        assert answered.headers["x-response-id"] == response
    assert_problem(ask(alice, thread, message, responseId=new_id("r")), "prompt_id_reused", 409)


# Edits


def test_another_content_is_an_edit_beside_the_message(model: ScriptedModel, alice: Client) -> None:
    thread, one, two = new_id("t"), said("user", "One"), said("user", "Two")
    reply = said("assistant", ask(alice, thread, one).text)
    ask(alice, thread, one, reply, two)
    ask(alice, thread, one, reply, said("user", "Two!", two["id"]), messageId=two["id"])
    assert turns(model) == ["One", "Hello from the script.", "Two!"]
    shown = alice.messages(thread)
    assert [message["content"] for message in shown][::2] == ["One", "Two!"]
    assert two["id"] in shown[2]["versions"]
    assert shown[2]["id"] != two["id"]


def test_the_same_edit_again_is_that_edit(model: ScriptedModel, alice: Client) -> None:
    thread, one = new_id("t"), said("user", "One")
    edits = [said("user", words, one["id"]) for words in ("One!", "One?")]
    answers = [ask(alice, thread, each).headers["x-response-id"] for each in (one, *edits, *edits, one)]
    assert answers[1:3] == answers[3:5]
    assert answers[0] == answers[5]
    assert len(model.requests) == 3
    assert len(alice.messages(thread)[0]["versions"]) == 3


def test_a_conversation_goes_on_after_the_edit(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("1"), answer("1!"), answer("2"))
    thread, one = new_id("t"), said("user", "One")
    edited = said("user", "One!", one["id"])
    for message in (one, edited):
        reply = said("assistant", ask(alice, thread, message).text)
    ask(alice, thread, edited, reply, said("user", "Two"))
    assert turns(model) == ["One!", "1!", "Two"]


def test_an_imported_message_can_be_edited(model: ScriptedModel, alice: Client) -> None:
    thread, one = new_id("t"), said("user", "One")
    ask(alice, thread, said("system", "Be brief."), one, said("assistant", "1"), said("user", "Two"))
    ask(alice, thread, said("user", "One!", one["id"]))
    assert turns(model) == ["Be brief.\n\nOne!"]
    assert contents(alice, thread) == ["One!", "Hello from the script."]


# Another answer


def test_another_answer_is_another_version_of_the_newest_reply(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("1"), answer("2"), answer("2!"))
    thread, one, two = new_id("t"), said("user", "One"), said("user", "Two")
    reply = said("assistant", ask(alice, thread, one).text)
    last = said("assistant", ask(alice, thread, one, reply, two).text)
    assert regenerate(alice, thread, one, reply, two, messageId=last["id"]).text == "2!"
    assert turns(model) == ["One", "1", "Two"]
    assert contents(alice, thread) == ["One", "1", "Two", "2!"]
    assert len(alice.messages(thread)[-1]["versions"]) == 2


@pytest.mark.parametrize("name", [None, "unknown"])
def test_another_answer_is_that_of_the_newest_reply_where_no_id_is_known(
    model: ScriptedModel, alice: Client, name: str | None
) -> None:
    ask(alice, thread := new_id("t"), said("user", "One"))
    last = {**said("user", "One"), "id": name}
    assert regenerate(alice, thread, last, said("assistant", "Hello")).status_code == 200
    assert len(alice.messages(thread)[-1]["versions"]) == 2


def test_another_answer_to_an_earlier_message_begins_a_branch_there(
    model: ScriptedModel, alice: Client
) -> None:
    thread, one = new_id("t"), said("user", "One")
    reply = said("assistant", ask(alice, thread, one).text)
    ask(alice, thread, one, reply, said("user", "Two"))
    regenerate(alice, thread, one, messageId=reply["id"])
    assert turns(model) == ["One"]
    assert contents(alice, thread) == ["One", "Hello from the script."]


def test_a_retry_of_a_refused_first_message_is_a_prompt(model: ScriptedModel, alice: Client) -> None:
    assert regenerate(alice, thread := new_id("t"), said("user", "Hi")).text == "Hello from the script."
    assert regenerate(alice, thread, said("user", "Something else")).status_code == 200
    assert contents(alice, thread)[::2] == ["Hi", "Something else"]


def test_another_answer_ends_the_one_that_runs(model: ScriptedModel, alice: Client) -> None:
    gate, thread, message = Gate(), new_id("t"), said("user", "Hi")
    model.script(answer("Old", gate), answer("New"))
    old = begin(alice, thread, message).until("Old")
    assert regenerate(alice, thread, message).text == "New"
    assert old.rest().text == b"Old"
    gate.open()


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
    {"messages": [USER, said("assistant", "Hello")]},
    {"messages": [said("assistant", "Hello")], "trigger": "regenerate-message"},
    {"messages": [said("king", "x"), USER]},
    {"messages": [said("user", ""), USER]},
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
