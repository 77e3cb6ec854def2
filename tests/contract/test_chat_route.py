"""Contract section 3: `POST /api/chat`, and the same over the other dialects."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import Gate, ScriptedModel, answer
from tests.contract.expect import APPLE, assert_problem, assert_utc, pieces_of
from tests.live.client import Client, new_id
from tests.live.harness import CANARY_KEY
from tests.live.transports import C1, SSE, Transport


def test_the_text_is_byte_for_byte_what_the_model_sent(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    model.script(answer(*pieces_of(APPLE)))
    assert transport.send(alice).rest().text == APPLE.encode()


@pytest.mark.parametrize("query", ["", "?format=c1", "?format=sse"])
def test_a_stream_has_the_promised_headers(model: ScriptedModel, alice: Client, query: str) -> None:
    thread, response = new_id("t"), new_id("r")
    headers = alice.chat(thread=thread, response=response, query=query).headers
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert headers["cache-control"] == "no-cache, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert (headers["x-response-id"], headers["x-thread-id"]) == (response, thread)


def test_missing_ids_are_made_and_named_in_the_headers(model: ScriptedModel, alice: Client) -> None:
    headers = alice.chat().headers
    assert alice.response(headers["x-response-id"])["threadId"] == headers["x-thread-id"]
    assert len(alice.messages(headers["x-thread-id"])) == 2


def test_unknown_keys_are_ignored(model: ScriptedModel, alice: Client) -> None:
    assert alice.chat(nonsense={"a": [1]}).text == "Hello from the script."


def test_an_unknown_format_is_a_bad_request(model: ScriptedModel, alice: Client) -> None:
    assert_problem(alice.chat(query="?format=xml"), "bad_request", 400)
    assert model.requests == []


def test_an_unknown_thread_is_created_with_the_prompts_words_as_title(
    model: ScriptedModel, alice: Client
) -> None:
    thread = new_id("t")
    alice.chat('<content thesys="true">Show me &lt;b&gt; sales</content>', thread=thread)
    made = alice.get(f"/api/threads/{thread}").json()
    assert (made["threadId"], made["title"], made["model"]) == (thread, "Show me <b> sales", "c1")


def test_the_prompt_is_stored_before_the_model_answers(model: ScriptedModel, alice: Client) -> None:
    gate, thread = Gate(), new_id("t")
    model.script(answer(gate, "Hello"))
    reader = SSE.send(alice, "My prompt", thread=thread, prompt="p")
    gate.wait_until_reached()
    prompt = alice.messages(thread)[0]
    assert (prompt["id"], prompt["role"], prompt["content"], prompt["status"]) == (
        "p",
        "user",
        "My prompt",
        "done",
    )
    gate.open()
    reader.rest()


def test_text_and_status_are_committed_before_the_end_is_sent(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    thread, response = new_id("t"), new_id("r")
    transport.send(alice, thread=thread, response=response).rest()
    reply = alice.messages(thread)[-1]
    assert (reply["id"], reply["role"], reply["status"]) == (response, "assistant", "done")
    assert reply["content"] == "Hello from the script."


def test_a_delta_is_passed_on_while_the_model_pauses(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    gate = Gate()
    model.script(answer("Hel", gate, "lo"))
    reader = transport.send(alice)
    assert reader.until("Hel").received.text == b"Hel"
    gate.open()
    assert reader.rest().text == b"Hello"


def test_a_reader_that_leaves_changes_nothing(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    gate, response = Gate(), new_id("r")
    model.script(answer("Hel", gate, "lo"))
    transport.send(alice, response=response).until("Hel").close()
    gate.open()
    alice.wait_until(response, "done")
    assert transport.follow(alice, response).rest().text == b"Hello"
    assert model.requests[0].left_at is None


def test_an_empty_answer_is_done_with_an_empty_body(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    model.script(answer())
    heard = transport.send(alice).rest()
    assert (heard.text, heard.end["status"], heard.end["error"]) == (b"", "done", None)


def test_the_model_is_asked_with_its_name_and_key(model: ScriptedModel, alice: Client) -> None:
    alice.chat()
    (asked,) = model.requests
    assert (asked.path, asked.headers["authorization"]) == ("/v1/chat/completions", f"Bearer {CANARY_KEY}")
    assert (asked.json["model"], asked.json["stream"]) == ("c1-nightly", True)


def test_openassistant_can_be_chosen_on_the_chat_route(model: ScriptedModel, alice: Client) -> None:
    assert alice.chat("Hi", model="openassistant").text == "Hello from the script."
    assert model.requests[0].path == "/v1/completions"


def test_an_unknown_model_is_a_bad_request(model: ScriptedModel, alice: Client) -> None:
    assert_problem(alice.chat(model="gpt-0"), "bad_request", 400)


def test_a_response_has_all_documented_fields(model: ScriptedModel, alice: Client) -> None:
    model.script(answer("Hello", usage=(11, 7)))
    thread, response = new_id("t"), new_id("r")
    alice.chat(thread=thread, response=response)
    body = alice.response(response)
    for moment in ("createdAt", "firstTokenAt", "finishedAt"):
        assert_utc(body.pop(moment))
    usage = {"promptTokens": 11, "completionTokens": 7, "source": "provider"}
    known: dict[str, Any] = {
        "id": response,
        "threadId": thread,
        "status": "done",
        "model": "c1",
        "usage": usage,
    }
    thinking = {"thinkingOffset": 0, "thinkingSeconds": None}
    ended: dict[str, Any] = {"finishReason": "stop", "error": None, "requests": []}
    assert body == {**known, **thinking, **ended, "offset": 5, "keptOffset": 5}


def test_usage_is_estimated_if_the_provider_sends_none(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    usage = transport.send(alice).rest().end["usage"]
    assert usage["source"] == "estimated"
    assert usage["completionTokens"] > 0


def test_the_finish_reason_is_passed_on(model: ScriptedModel, alice: Client, transport: Transport) -> None:
    model.script(answer("Hello", finish="length"))
    assert transport.send(alice).rest().end["finishReason"] == "length"


def test_a_running_response_has_no_usage_and_no_kept_offset_yet(model: ScriptedModel, alice: Client) -> None:
    gate, response = Gate(), new_id("r")
    model.script(answer("Hel", gate, "lo"))
    reader = C1.send(alice, response=response).until("Hel")
    body = alice.response(response)
    assert (body["status"], body["offset"]) == ("streaming", 3)
    assert body["usage"] is body["keptOffset"] is body["finishedAt"] is None
    gate.open()
    reader.rest()


def test_content_parts_are_accepted(model: ScriptedModel, alice: Client) -> None:
    parts = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:,x"}},
    ]
    thread = new_id("t")
    alice.chat(parts, thread=thread)
    assert model.requests[0].messages == [{"role": "user", "content": parts}]
    assert alice.messages(thread)[0]["content"] == parts


def test_two_users_may_use_the_same_ids(model: ScriptedModel, alice: Client, bob: Client) -> None:
    ids = {"thread": new_id("t"), "response": new_id("r"), "prompt": new_id("p")}
    model.script(answer("for alice"), answer("for bob"))
    assert alice.chat("A", **ids).text == "for alice"
    assert bob.chat("B", **ids).text == "for bob"
    assert alice.messages(ids["thread"])[0]["content"] == "A"
