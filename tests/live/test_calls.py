"""The stored row of each model call, for every outcome of the call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.models import UpstreamCall
from chat.testing import Call, ScriptedModel, answer, tool_round
from chat.testing.script import Endless, Raw, Stall, broken, refusal
from tests.live.client import Client, new_id
from tests.live.transports import SSE

SUM = Call("calculate", '{"expression": "6*7"}')


@pytest.fixture
def calls(live: None) -> Any:
    """Return the rows of a user's calls, in order."""

    def rows(client: Client) -> list[UpstreamCall]:
        return list(UpstreamCall.objects.filter(owner__username=client.username).order_by("pk"))

    return rows


def test_a_call_that_the_provider_counted(model: ScriptedModel, alice: Client, calls: Any) -> None:
    model.script(answer("Hello", usage=(12, 34)))
    alice.chat(response=(response := new_id("r")))
    [row] = calls(alice)
    assert (row.model, row.upstream_model, row.outcome, row.error_code) == ("c1", "c1-nightly", "done", None)
    assert (row.prompt_tokens, row.completion_tokens, row.source) == (12, 34, "provider")
    assert row.started_at <= row.first_token_at <= row.finished_at
    assert (row.system_digest, len(row.tools_digest)) == ("", 64)
    counted = {"promptTokens": 12, "completionTokens": 34, "source": "provider"}
    assert alice.response(response)["usage"] == counted


def test_reasoning_and_cached_tokens_go_from_the_provider_to_the_client(
    model: ScriptedModel, alice: Client, calls: Any
) -> None:
    counts: dict[str, Any] = {"prompt_tokens": 12, "completion_tokens": 34, "total_tokens": 46}
    counts["completion_tokens_details"] = {"reasoning_tokens": 30}
    counts["prompt_tokens_details"] = {"cached_tokens": 8}
    usage = json.dumps({"choices": [], "usage": counts}).encode()
    model.script(answer("Hello", Raw(b"data: " + usage + b"\n\n")))
    end = SSE.send(alice, response=(response := new_id("r"))).rest().end
    [row] = calls(alice)
    assert (row.reasoning_tokens, row.cached_tokens, row.source) == (30, 8, "provider")
    told = {"promptTokens": 12, "completionTokens": 34, "reasoningTokens": 30, "cachedTokens": 8}
    assert alice.response(response)["usage"] == end["usage"] == {**told, "source": "provider"}


def test_a_call_without_reported_usage_is_estimated(model: ScriptedModel, alice: Client, calls: Any) -> None:
    model.script(answer("y" * 40))
    alice.chat("x" * 80)
    assert [(row.prompt_tokens, row.completion_tokens, row.source) for row in calls(alice)] == [
        (20, 10, "estimated")
    ]


def test_a_stopped_call_has_a_row(model: ScriptedModel, alice: Client, calls: Any) -> None:
    model.script(broken("Old!", Stall()))
    reader = SSE.send(alice, response=(response := new_id("r"))).until("Old!")
    alice.stop(response)
    reader.rest()
    assert [(row.outcome, row.error_code, row.completion_tokens) for row in calls(alice)] == [
        ("stopped", None, 1)
    ]


def test_a_refused_call_has_a_row_with_its_error(model: ScriptedModel, alice: Client, calls: Any) -> None:
    model.script(refusal(401))
    alice.chat()
    assert [(row.outcome, row.error_code, row.first_token_at) for row in calls(alice)] == [
        ("failed", "model_failed", None)
    ]


def test_a_call_that_the_whole_deadline_cuts_has_timed_out(
    model: ScriptedModel, servers: Any, make_client: Any, calls: Any
) -> None:
    client = make_client(servers.keep(CHAT_RESPONSE_SECONDS="1"))
    model.script(broken(Endless("x", 0.05)))
    assert SSE.send(client).rest().end["error"]["code"] == "model_timeout"
    assert [(row.outcome, row.error_code) for row in calls(client)] == [("failed", "model_timeout")]


def test_every_round_of_tools_has_a_row_and_the_response_their_sum(
    model: ScriptedModel, alice: Client, calls: Any
) -> None:
    model.script(tool_round(SUM), tool_round(SUM), answer("42.", usage=(100, 2)))
    alice.chat(response=(response := new_id("r")))
    rows = calls(alice)
    assert [(row.round, row.attempt, row.source) for row in rows] == [
        (0, 0, "estimated"),
        (1, 0, "estimated"),
        (2, 0, "provider"),
    ]
    used = alice.response(response)["usage"]
    assert used["promptTokens"] == sum(row.prompt_tokens for row in rows)
    assert (used["completionTokens"], used["source"]) == (2, "estimated")


def test_the_request_is_not_in_the_row(model: ScriptedModel, alice: Client, calls: Any) -> None:
    model.script(answer("an answer of canaries"))
    alice.chat("a prompt of canaries")
    [row] = calls(alice)
    assert "canaries" not in str(vars(row))


def test_the_model_that_failed_and_the_one_that_took_its_place_have_rows(
    model: ScriptedModel, servers: Any, make_client: Any, calls: Any
) -> None:
    spare = {
        "baseUrl": model.base_url,
        "model": "upstream-2",
        "system": "Be short.",
        "parameters": {"top_p": 0.5},
    }
    client = make_client(
        servers.keep(CHAT_MODELS=json.dumps({"c1": {"fallbacks": ["spare"]}, "spare": spare}))
    )
    model.script(refusal(401), answer("Hello"))
    assert client.chat().text == "Hello"
    rows = calls(client)
    assert [(row.attempt, row.model, row.upstream_model, row.outcome) for row in rows] == [
        (0, "c1", "c1-nightly", "failed"),
        (1, "spare", "upstream-2", "done"),
    ]
    assert (rows[1].parameters, len(rows[1].system_digest)) == ({"top_p": 0.5}, 64)
