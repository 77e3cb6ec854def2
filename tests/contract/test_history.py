"""Contract section 3: the model gets all stored messages in order, verbatim."""

from __future__ import annotations

import json

import httpx
import pytest

from chat.testing import FAULTS, ScriptedModel, answer
from tests.contract.expect import APPLE
from tests.live.client import Client, new_id

WRAPPED = '<content thesys="true">And &quot;again&quot; &lt;b&gt; ñ 🍎</content><context>[&quot;x&quot;,{}]</context>'
ODD = [
    "  two  blanks\t\n",
    "e\u0301 is not é",
    "\u202eright to left",
    "\\u0041 \\n",
    "a" * 60_000,
    "\r\n",
    "{}",
    "🏴‍☠️",
]


def history(model: ScriptedModel, turn: int) -> list[dict[str, object]]:
    return model.requests[turn].messages


def test_the_history_is_exact(model: ScriptedModel, alice: Client) -> None:
    model.script(answer(APPLE), answer("two"))
    thread = new_id("t")
    for words in (WRAPPED, "Second", "Third"):
        alice.chat(words, thread=thread)
    first = [{"role": "user", "content": WRAPPED}, {"role": "assistant", "content": APPLE}]
    second = [{"role": "user", "content": "Second"}, {"role": "assistant", "content": "two"}]
    assert history(model, 2) == [*first, *second, {"role": "user", "content": "Third"}]
    assert [message["content"] for message in alice.messages(thread)][:4] == [WRAPPED, APPLE, "Second", "two"]


@pytest.mark.parametrize("words", ODD)
def test_a_prompt_is_stored_and_forwarded_verbatim(model: ScriptedModel, alice: Client, words: str) -> None:
    alice.chat(words, thread=(thread := new_id("t")))
    assert history(model, 0) == [{"role": "user", "content": words}]
    assert alice.messages(thread)[0]["content"] == words


def test_content_parts_are_forwarded_as_the_text_received(model: ScriptedModel, alice: Client) -> None:
    parts = '[ {"type" : "text","text":"caf\\u00e9 \\/ caf\u00e9", "weight":1.50e0} ]'
    body = f'{{"prompt": {{"role": "user", "content": {parts}}}}}'
    answered = alice.http.post(
        "/api/chat", content=body.encode(), headers={"Content-Type": "application/json"}
    )
    assert answered.status_code == 200
    assert history(model, 0) == [{"role": "user", "content": json.loads(parts)}]
    assert parts.encode() in model.requests[0].body


def test_a_partial_text_of_a_failed_response_stays_in_the_history(
    model: ScriptedModel, alice: Client
) -> None:
    model.script(FAULTS["cut"].behaviour)
    alice.chat("First", thread=(thread := new_id("t")))
    alice.chat("Second", thread=thread)
    assert [message["content"] for message in history(model, 1)] == ["First", "Hello", "Second"]


def test_two_user_messages_in_a_row_stay_two(model: ScriptedModel, alice: Client) -> None:
    model.script(FAULTS["401"].behaviour)
    alice.chat("First", thread=(thread := new_id("t")))
    alice.chat("Second", thread=thread)
    roles = [message["role"] for message in history(model, 1)]
    assert roles == ["user", "user"]


def test_the_model_gets_an_edited_reply(model: ScriptedModel, alice: Client) -> None:
    alice.chat("First", thread=(thread := new_id("t")), response=(response := new_id("r")))
    edited = alice.http.put(f"/api/threads/{thread}/messages/{response}", json={"content": "Edited ñ"})
    assert edited.is_success
    alice.chat("Second", thread=thread)
    assert [message["content"] for message in history(model, 1)] == ["First", "Edited ñ", "Second"]


def test_threads_do_not_mix(model: ScriptedModel, alice: Client) -> None:
    alice.chat("One", thread=new_id("t"))
    alice.chat("Two", thread=new_id("t"))
    assert history(model, 1) == [{"role": "user", "content": "Two"}]


def test_the_history_survives_a_change_of_the_model(model: ScriptedModel, alice: Client) -> None:
    alice.chat("One", thread=(thread := new_id("t")))
    alice.chat("Two", thread=thread, model="openassistant")
    alice.chat("Three", thread=thread, model="c1")
    said = [message["content"] for message in history(model, 2)]
    assert said == ["One", "Hello from the script.", "Two", "Hello from the script.", "Three"]


def test_a_body_in_chunks_is_taken(model: ScriptedModel, alice: Client) -> None:
    pieces = iter([b'{"prompt": {"role": "user", ', b'"content": "chunked"}}'])
    headers = {**alice.headers, "Content-Type": "application/json"}
    assert httpx.post(f"{alice.server.url}/api/chat", content=pieces, headers=headers).status_code == 200
    assert history(model, 0) == [{"role": "user", "content": "chunked"}]
