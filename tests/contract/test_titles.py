"""Titles: at once from the first prompt, later from a cheap model, never in place of one that a person set."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import CallOutcome, QuotaReservation, Response, TokenSource, UpstreamCall
from chat.responses.usage.blobs import sha256_hex
from chat.testing import Received, ScriptedModel, answer, refusal
from chat.testing.script import Script, whole_answer
from tests.live.client import Client, new_id
from tests.live.harness import eventually


@pytest.fixture
def namer(live: None, servers: Any, make_client: Any) -> Client:
    """Return a user of a server whose titles a model improves."""
    client: Client = make_client(servers.keep(CHAT_TITLE_MODEL="c1"))
    return client


def titled(words: str) -> Any:
    """Return a model that streams answers to prompts and answers requests for a title with these words."""

    def behave(received: Received) -> Script:
        streams = received.json.get("stream")
        return answer("North leads.") if streams else whole_answer(words, usage=(31, 4))

    return behave


def title(client: Client, thread: str) -> str:
    return str(client.get(f"/api/threads/{thread}").json()["title"])


def test_the_first_prompt_gives_the_title_at_once(model: ScriptedModel, alice: Client) -> None:
    thread = new_id("t")
    alice.chat('<content thesys="true">Sales by region &amp; year</content>', thread=thread)
    alice.chat("Something else", thread=thread)
    assert title(alice, thread) == "Sales by region & year"


def test_a_model_improves_the_title_after_the_first_answer(model: ScriptedModel, namer: Client) -> None:
    model.default(titled('"Sales by region"'))
    thread = new_id("t")
    namer.chat("Please show me what we sold where", thread=thread)
    eventually(lambda: title(namer, thread) == "Sales by region")
    namer.chat("And now?", thread=thread)
    # No further title.
    assert len(model.requests) == 3
    assert "North leads." in str(model.requests[1].messages)
    assert all("title" not in str(message).lower() for message in model.requests[2].messages)


def test_a_thinking_models_thought_and_markdown_are_not_in_the_title(
    model: ScriptedModel, namer: Client
) -> None:
    model.default(titled(f'<think>{"They want words. " * 100}</think>\n\n**"Trip to Lisbon"**'))
    thread = new_id("t")
    namer.chat("Where shall we go in May", thread=thread)
    eventually(lambda: title(namer, thread) == "Trip to Lisbon")


def test_the_call_for_a_title_is_in_the_usage_as_the_provider_counted_it(
    model: ScriptedModel, namer: Client
) -> None:
    model.default(titled("Trip to Lisbon"))
    thread, response = new_id("t"), new_id("r")
    namer.chat("Where shall we go in May", thread=thread, response=response)
    eventually(lambda: title(namer, thread) == "Trip to Lisbon")
    asked = Response.objects.get(public_id=response)
    call = UpstreamCall.objects.get(response=asked.pk, prompt_tokens=31)
    assert (call.completion_tokens, call.outcome, call.source) == (4, CallOutcome.DONE, TokenSource.PROVIDER)
    assert call.request_digest == sha256_hex(model.requests[-1].body)


def test_the_tokens_for_a_title_count_in_the_quota(model: ScriptedModel, namer: Client) -> None:
    model.default(titled("Trip to Lisbon"))
    thread, response = new_id("t"), new_id("r")
    namer.chat("Where shall we go in May", thread=thread, response=response)
    eventually(lambda: title(namer, thread) == "Trip to Lisbon")
    asked = Response.objects.get(public_id=response)
    taken = QuotaReservation.objects.get(response=asked.pk).tokens
    assert taken == (asked.prompt_tokens or 0) + (asked.completion_tokens or 0) + 31 + 4


def test_a_title_that_a_person_set_stays(model: ScriptedModel, namer: Client) -> None:
    thread = new_id("t")
    namer.http.post("/api/threads", json={"threadId": thread, "title": "Mine"})
    namer.chat("Prompt", thread=thread)
    namer.chat("Another", thread=thread)
    assert (title(namer, thread), len(model.requests)) == ("Mine", 2)


def test_a_model_that_fails_leaves_the_title(model: ScriptedModel, namer: Client) -> None:
    model.script(answer("Fine"), refusal(401))
    thread = new_id("t")
    namer.chat("The first words", thread=thread)
    eventually(lambda: len(model.requests) == 2)
    assert title(namer, thread) == "The first words"
