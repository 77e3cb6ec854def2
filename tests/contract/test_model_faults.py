"""Contract section 3, upstream errors: every fault of a model, on every transport."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest

from chat.testing import FAULTS, Fault, ScriptedModel, answer, refusal
from chat.testing.script import Endless, Reset, Stall, broken
from tests.contract.expect import assert_card, assert_problem, visible
from tests.live.client import Client, new_id
from tests.live.transports import C1, SOCKET, SSE, TRANSPORTS, ReceivedStream, Transport

QUICK = [name for name, fault in FAULTS.items() if not fault.slow]
SLOW = [name for name, fault in FAULTS.items() if fault.slow]
# Bytes; CHAT_TEXT_BYTES of the strict server.
CAP = 20_000
FAULT_NAMES = ["401", "429 with Retry-After", "503", "refused", "reset before the first byte", "HTML"]


def inject(model: ScriptedModel, fault: Fault) -> Any:
    """Return a context in which every request meets the fault."""
    if fault.refused:
        return model.refusing()
    model.default(fault.behaviour)
    return contextlib.nullcontext()


def assert_outcome(heard: ReceivedStream, transport: Transport, fault: Fault, text: bytes) -> None:
    assert heard.end["status"] == fault.status
    assert (heard.end["error"] or {}).get("code") == fault.code
    if fault.status == "done":
        assert heard.end["finishReason"] == fault.finish
    if transport is C1 and not text and fault.code:
        assert_card(heard.text)
    else:
        assert visible(heard.text) == text


@pytest.mark.parametrize("name", QUICK)
def test_a_fault_has_its_outcome_on_every_transport(model: ScriptedModel, alice: Client, name: str) -> None:
    fault, threads = FAULTS[name], [new_id("t") for _ in TRANSPORTS]
    with inject(model, fault):
        readers = [
            transport.send(alice, thread=thread)
            for transport, thread in zip(TRANSPORTS, threads, strict=True)
        ]
        for reader, transport in zip(readers, TRANSPORTS, strict=True):
            assert_outcome(reader.rest(), transport, fault, fault.text.encode())
    model.default(answer("And on."))
    assert alice.chat("Next", thread=threads[0]).text == "And on."
    said = [message["content"] for message in model.requests[-1].messages]
    assert said[1:] == ([fault.text, "Next"] if fault.text else ["Next"])


@pytest.mark.parametrize("name", SLOW)
def test_a_deadline_or_the_cap_ends_an_endless_answer(
    model: ScriptedModel, limited: Callable[[str], Client], name: str
) -> None:
    fault, response, client = FAULTS[name], new_id("r"), limited(name)
    model.default(fault.behaviour)
    heard = SSE.send(client, response=response).rest()
    text = fault.text.encode()
    if fault.finish == "length":
        text = text * CAP
    elif fault.text == ".":
        text = text * max(2, len(heard.text))
    assert_outcome(heard, SSE, fault, text)
    for transport in (
        TRANSPORTS if text else (SSE, SOCKET)
    ):  # the raw one has a problem document in place of no text
        assert_outcome(transport.follow(client, response).rest(), transport, fault, text)


def test_the_cap_falls_on_a_character_and_closes_upstream(model: ScriptedModel, tight: Client) -> None:
    model.default(broken(Endless("€" * 100)))
    heard = SSE.send(tight).rest()
    assert (heard.text, heard.end["finishReason"]) == ("€".encode() * (CAP // 3), "length")
    assert model.requests[0].wait_until_left()


@pytest.mark.parametrize("name", FAULT_NAMES)
def test_model_errors_as_statuses_are_problem_documents(
    model: ScriptedModel, tight: Client, name: str
) -> None:
    fault = FAULTS[name]
    with inject(model, fault):
        answered = tight.chat()
    assert_problem(answered, fault.code or "", fault.http or 0)
    if fault.retry_after:
        assert answered.headers["retry-after"] == str(fault.retry_after)


def test_model_errors_as_statuses_give_504_for_a_late_model(
    model: ScriptedModel, limited: Callable[[str], Client]
) -> None:
    model.default(broken(Stall()))
    assert_problem(limited("no first byte").chat(), "model_timeout", 504)


def test_after_the_first_byte_the_status_stays_200(model: ScriptedModel, tight: Client) -> None:
    model.default(FAULTS["error after text"].behaviour)
    answered = tight.chat()
    assert (answered.status_code, answered.text) == (200, "Hello")


@pytest.mark.parametrize("name", ["401", "503", "refused", "HTML"])
def test_a_failure_card_comes_with_a_status_header(model: ScriptedModel, alice: Client, name: str) -> None:
    with inject(model, FAULTS[name]):
        answered = alice.chat(thread=(thread := new_id("t")), response=(response := new_id("r")))
    assert (answered.status_code, answered.headers["x-response-status"]) == (200, "failed")
    assert_card(answered.content)
    replay = alice.get(f"/api/responses/{response}/stream", offset=0)
    assert (replay.content, replay.headers["x-response-status"]) == (answered.content, "failed")
    assert alice.messages(thread)[-1]["content"].encode() == answered.content


def test_a_cards_bytes_never_count(model: ScriptedModel, alice: Client) -> None:
    model.default(refusal(401))
    alice.chat(response=(response := new_id("r")))
    told = alice.response(response)
    assert (told["offset"], told["keptOffset"]) == (0, 0)
    for transport in (SSE, SOCKET):
        assert transport.follow(alice, response).rest().text == b""


def test_a_complete_answer_has_no_status_header(model: ScriptedModel, alice: Client) -> None:
    assert alice.chat().headers.get("x-response-status") != "failed"


def test_an_error_has_code_message_and_retryable(model: ScriptedModel, alice: Client) -> None:
    model.default(refusal(503, message="secret words of the provider"))
    error = SSE.send(alice).rest().end["error"]
    assert error.keys() >= {"code", "message", "retryable"}
    assert (error["code"], error["retryable"]) == ("unavailable", True)
    assert "secret words" not in error["message"]


@pytest.mark.parametrize("first", [refusal(429), refusal(500), refusal(503)], ids=["429", "500", "503"])
def test_a_refused_request_is_sent_again(model: ScriptedModel, alice: Client, first: Any) -> None:
    model.script(first)
    assert alice.chat().text == "Hello from the script."
    assert len(model.requests) == 2


ONCE = [refusal(401), broken(Reset()), broken("Hel", Reset()), broken()]


@pytest.mark.parametrize("script", ONCE, ids=["401", "reset", "cut", "empty"])
def test_an_accepted_request_is_never_sent_again(model: ScriptedModel, alice: Client, script: Any) -> None:
    model.default(script)
    SSE.send(alice).rest()
    assert len(model.requests) == 1


def test_a_request_refused_with_an_optional_field_is_sent_once_more_without_it(
    model: ScriptedModel, servers: Any, make_client: Any
) -> None:
    # A server of its own: it remembers the field.
    client = make_client(servers.keep(CHAT_SILENCE_SECONDS="29"))
    model.default(lambda asked: refusal(400) if "stream_options" in asked.json else answer("Hello"))
    assert [client.chat().text for _ in range(2)] == ["Hello", "Hello"]
    assert ["stream_options" in asked.json for asked in model.requests] == [True, False, False]


def test_a_request_refused_for_another_reason_is_sent_twice_at_most(
    model: ScriptedModel, alice: Client
) -> None:
    model.default(refusal(400))
    assert SSE.send(alice).rest().end["error"]["code"] == "model_failed"
    assert len(model.requests) <= 2


def test_a_failed_response_can_be_stopped_and_stays_failed(model: ScriptedModel, alice: Client) -> None:
    model.default(refusal(401))
    alice.chat(response=(response := new_id("r")))
    assert alice.stop(response).json() == {"status": "failed"}
