"""`/v1/conversations` with the official `openai` client for Python."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai import OpenAI

from chat.testing import ScriptedModel, answer
from tests.live.client import Client

ITEMS: list[Any] = [
    {"type": "message", "role": "system", "content": "Be brief."},
    {"type": "message", "role": "user", "content": "One"},
    {"type": "message", "role": "assistant", "content": "1"},
]


def texts(items: Any) -> list[str]:
    return [item.content[0].text for item in items]


def test_a_conversation_is_a_thread_with_its_history(
    model: ScriptedModel, alice: Client, openai_client: OpenAI
) -> None:
    made = openai_client.conversations.create(items=ITEMS, metadata={"topic": "numbers"})
    assert openai_client.conversations.retrieve(made.id) == made
    assert made.metadata == {"topic": "numbers"}
    model.script(answer("2"))
    done = openai_client.responses.create(model="c1", input="Two", conversation=made.id)
    sent = [(one["role"], one["content"]) for one in model.requests[-1].messages]
    assert sent == [("system", "Be brief."), ("user", "One"), ("assistant", "1"), ("user", "Two")]
    assert done.conversation is not None
    assert done.conversation.id == made.id
    assert [message["content"] for message in alice.messages(made.id)] == ["One", "1", "Two", "2"]
    assert [thread["threadId"] for thread in alice.get("/api/threads").json()["threads"]] == [made.id]


@pytest.mark.parametrize("limit", [1, 2, 20])
def test_its_items_are_listed_page_by_page_in_both_orders(
    model: ScriptedModel, openai_client: OpenAI, limit: int
) -> None:
    made = openai_client.conversations.create(items=ITEMS)
    model.script(answer("2"))
    openai_client.responses.create(model="c1", input="Two", conversation=made.id)
    listed = openai_client.conversations.items.list
    assert texts(listed(made.id, order="asc", limit=limit)) == ["One", "1", "Two", "2"]
    assert texts(listed(made.id, limit=limit)) == ["2", "Two", "1", "One"]


def test_an_empty_conversation_has_no_items(openai_client: OpenAI) -> None:
    made = openai_client.conversations.create()
    assert list(openai_client.conversations.items.list(made.id)) == []


def test_another_users_conversation_is_an_unknown_one(
    openai_client: OpenAI, bob: Client, connect_openai: Callable[[Client], OpenAI]
) -> None:
    made, theirs = openai_client.conversations.create(items=ITEMS), connect_openai(bob)
    for ask in (theirs.conversations.retrieve, theirs.conversations.items.list):
        with pytest.raises(openai.NotFoundError):
            ask(made.id)


@pytest.mark.parametrize(
    "query", [{"order": "up"}, {"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"after": "no"}]
)
def test_a_list_of_another_form_is_refused(
    alice: Client, openai_client: OpenAI, query: dict[str, str]
) -> None:
    made = openai_client.conversations.create(items=ITEMS)
    refused = alice.get(f"/v1/conversations/{made.id}/items", **query)
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "bad_request")
