"""Contract section 3: arguments and results of tool calls go to a thread's owner alone, and only where the settings say so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.live.client import Client, new_id

SUM = '{"expression": "6*7"}'


@pytest.fixture
def showing(servers: Any, make_client: Callable[..., Client]) -> Client:
    """Return a client of a server that shows tool calls to owners."""
    return make_client(servers.keep(CHAT_TOOL_DETAILS="on", CHAT_ACTIVE_PER_USER="20"))


def tools_of(client: Client, thread: str) -> list[dict[str, Any]]:
    return [tool for message in client.messages(thread) for tool in message["tools"]]


def test_an_owner_sees_arguments_and_results_in_order(model: ScriptedModel, showing: Client) -> None:
    rounds = tool_round(
        Call("calculate", SUM, "call_x"), Call("calculate", '{"expression": "1+1"}', "call_y")
    )
    model.script(rounds, tool_round(Call("calculate", "{", "call_x")), answer("42."))
    thread = new_id("thread")
    showing.chat("Six times seven?", thread=thread)
    first, second, third = tools_of(showing, thread)
    assert (first["id"], first["arguments"]) == ("call_x", {"expression": "6*7"})
    assert "42" in first["result"]
    assert second["arguments"] == {"expression": "1+1"}
    assert (third["arguments"], third["state"]) == ("{", "failed")
    assert third["result"]


def test_nobody_sees_them_by_default(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("calculate", SUM)), answer("42."))
    thread = new_id("thread")
    alice.chat("Six times seven?", thread=thread)
    assert [set(tool) for tool in tools_of(alice, thread)] == [{"id", "name", "state", "offset"}]


def test_a_shared_link_and_other_protocols_never_show_them(model: ScriptedModel, showing: Client) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "6*7", "note": "canary"}')), answer("42."))
    thread = new_id("thread")
    showing.chat("Six times seven?", thread=thread)
    assert tools_of(showing, thread)[0]["arguments"]["note"] == "canary"
    address = showing.http.post(f"/api/threads/{thread}/shares", json={}).json()["url"]
    for path in (address, f"/api/ai-sdk/chat/{thread}", f"/api/ag-ui?threadId={thread}"):
        assert "canary" not in showing.get(path).text, path
