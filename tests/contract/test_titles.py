"""Titles: at once from the first prompt, later from a cheap model, never over one that a person set."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import ScriptedModel, answer, refusal
from tests.live.client import Client, new_id
from tests.live.harness import eventually


@pytest.fixture
def namer(live: None, servers: Any, make_client: Any) -> Client:
    """A user of a server where a model improves titles."""
    client: Client = make_client(servers.keep(CHAT_TITLE_MODEL="c1"))
    return client


def title(client: Client, thread: str) -> str:
    return str(client.get(f"/api/threads/{thread}").json()["title"])


def test_the_first_prompt_gives_the_title_at_once(model: ScriptedModel, alice: Client) -> None:
    thread = new_id("t")
    alice.chat('<content thesys="true">Sales by region &amp; year</content>', thread=thread)
    alice.chat("Something else", thread=thread)
    assert title(alice, thread) == "Sales by region & year"


def test_a_model_improves_the_title_after_the_first_answer(model: ScriptedModel, namer: Client) -> None:
    model.script(answer("North leads."), answer('"Sales by region"'), answer("Later"))
    thread = new_id("t")
    namer.chat("Please show me what we sold where", thread=thread)
    eventually(lambda: title(namer, thread) == "Sales by region")
    namer.chat("And now?", thread=thread)
    assert len(model.requests) == 3  # no further title
    assert "North leads." in str(model.requests[1].messages)
    assert all("title" not in str(message).lower() for message in model.requests[2].messages)


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
