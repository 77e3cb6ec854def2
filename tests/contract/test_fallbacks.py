"""Fallback models: asked before the first byte of the failing model, never after it."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import FAULTS, Call, ScriptedModel, answer, refusal, tool_round
from chat.testing.script import broken
from tests.fixtures.models import asked, offered, settings
from tests.live.client import Client, new_id
from tests.live.transports import SSE


@pytest.fixture
def server(live: None, servers: Any, scripted_model: ScriptedModel) -> Any:
    return servers.keep(**settings(scripted_model.base_url))


@pytest.mark.parametrize(
    "fault",
    [
        "401",
        "429 with Retry-After",
        "503 with Retry-After",
        "reset before the first byte",
        "nothing at all",
        "HTML",
        "bad JSON",
        "error inside the stream",
    ],
)
def test_a_fallback_answers_when_a_model_fails_before_its_first_byte(
    model: ScriptedModel, alice: Client, fault: str
) -> None:
    model.script(FAULTS[fault].behaviour, answer("It is ", "me."))
    heard = SSE.send(alice, response=(response := new_id("r"))).rest()
    assert (heard.text, heard.end["status"], heard.end["error"]) == (b"It is me.", "done", None)
    assert asked(model) == ["c1-nightly", "upstream-2"]
    assert alice.response(response)["model"] == "c1"


def test_a_fallback_answers_when_a_model_is_late(
    model: ScriptedModel, make_client: Any, servers: Any
) -> None:
    # The fallback has as long as the first model.
    late = servers.keep(**settings(model.base_url), CHAT_FIRST_TOKEN_SECONDS="2")
    model.script(FAULTS["no first byte"].behaviour, answer("It is ", "me."))
    assert make_client(late).chat().text == "It is me."
    assert asked(model) == ["c1-nightly", "upstream-2"]


def test_the_next_model_gets_its_own_prompt_and_tools(model: ScriptedModel, alice: Client) -> None:
    model.script(refusal(401), refusal(401), answer("Third."))
    assert alice.chat("Hi").text == "Third."
    assert asked(model) == ["c1-nightly", "upstream-2", "upstream-3"]
    assert offered(model, 1)
    assert not offered(model, 2)
    assert model.requests[2].messages == [{"role": "user", "content": "Hi"}]


def test_a_refused_connection_leads_to_fallbacks_but_not_to_their_fallbacks(
    model: ScriptedModel, alice: Client
) -> None:
    assert alice.chat(model="away").text == "Hello from the script."
    heard = SSE.send(alice, model="nowhere").rest()
    assert heard.end["error"]["code"] == "unavailable"
    assert asked(model) == ["upstream-3"]


def test_the_error_is_that_of_the_last_model_where_all_fail(model: ScriptedModel, alice: Client) -> None:
    model.script(refusal(503, retry_after=60), refusal(503, retry_after=60), refusal(401))
    assert SSE.send(alice).rest().end["error"]["code"] == "model_failed"


def test_no_fallback_is_asked_after_the_first_byte(model: ScriptedModel, alice: Client) -> None:
    model.script(broken("Half"))
    heard = SSE.send(alice).rest()
    assert (heard.text, heard.end["status"]) == (b"Half", "failed")
    assert len(model.requests) == 1


def test_no_fallback_is_asked_after_a_tool_call(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "1"}')), refusal(401), answer("never"))
    assert SSE.send(alice).rest().end["status"] == "failed"
    assert asked(model) == ["c1-nightly", "c1-nightly"]


def test_the_fallback_that_answered_completes_the_response(model: ScriptedModel, alice: Client) -> None:
    model.script(refusal(401), tool_round(Call("calculate", '{"expression": "1"}')), answer("done"))
    assert SSE.send(alice).rest().end["status"] == "done"
    assert asked(model) == ["c1-nightly", "upstream-2", "upstream-2"]
