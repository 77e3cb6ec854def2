"""Tools of any installed app, their selection by model and user, and the secrecy of hidden messages."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.fixtures.models import (
    HIDDEN,
    IN_ARGUMENTS,
    OF_THE_THREAD,
    TOOLS,
    give_system_prompt,
    offered,
    settings,
)
from tests.fixtures.tools import SECRET
from tests.live.client import Client, new_id
from tests.live.harness import eventually
from tests.live.transports import TRANSPORTS


@pytest.fixture
def server(live: None, servers: Any, scripted_model: ScriptedModel) -> Any:
    return servers.keep(**settings(scripted_model.base_url))


def test_each_model_is_offered_its_own_tools(model: ScriptedModel, alice: Client) -> None:
    for name in ("second", "third", "tiny"):
        alice.chat(model=name)
    assert offered(model, 0) == set(TOOLS.split(",")) - {"list_users"}
    assert offered(model, 1) == set()
    assert offered(model, 2) == {"calculate"}


def test_a_tool_that_was_not_offered_is_not_called(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("whisper", '{"words": "x"}')), answer("done"))
    assert alice.chat(model="tiny").text == "done"
    assert "no tool of that name" in model.requests[1].messages[-1]["content"]


def test_tools_of_any_app_are_found_and_described(model: ScriptedModel, alice: Client) -> None:
    alice.chat(model="second")
    tools = {tool["function"]["name"]: tool["function"] for tool in model.requests[0].json["tools"]}
    assert tools["whisper"]["description"] == "Return a secret for the model alone."
    assert tools["whisper"]["parameters"]["properties"]["words"]["description"] == "what it is about"
    assert tools["hang"]["parameters"].get("properties", {}) == {}


def test_a_tool_with_a_permission_is_for_those_who_have_it(
    model: ScriptedModel, alice: Client, bob: Client
) -> None:
    from django.contrib.auth.models import Permission

    from chat.models import User

    right = Permission.objects.get(codename="view_user")
    User.objects.get(username=bob.username).user_permissions.add(right)
    model.script(tool_round(Call("list_users", "{}")), answer("done"))
    alice.chat(model="second")
    assert "only for" not in model.requests[1].messages[-1]["content"]
    bob.chat(model="second")
    assert ("list_users" in offered(model, 0), "list_users" in offered(model, 2)) == (False, True)


def test_a_sync_tool_keeps_no_connection_and_knows_its_user(
    model: ScriptedModel, alice: Client, pytestconfig: pytest.Config
) -> None:
    from django.db import connection

    from chat.models import User

    model.script(tool_round(Call("backend", "{}")), answer("done"))
    alice.chat(model="second")
    answered = json.loads(model.requests[1].messages[-1]["content"])
    assert answered["user"] == User.objects.get(username=alice.username).pk

    def closed() -> bool:
        with connection.cursor() as cursor:
            cursor.execute("SELECT state FROM pg_stat_activity WHERE pid = %s", [answered["pid"]])
            state = cursor.fetchone()
        # A pooler keeps the connection for others.
        return state is None or bool(pytestconfig.getoption("--pooler") and state == ("idle",))

    # Postgres takes a moment to notice.
    eventually(closed, says="the tool's connection is still open")


def test_a_tool_that_hangs_costs_its_own_time_only(model: ScriptedModel, alice: Client) -> None:
    model.script(
        tool_round(Call("hang", "{}", "a", 0), Call("whisper", '{"words": "x"}', "b", 1)), answer("done")
    )
    assert alice.chat(model="second").text == "done"
    hung, heard = model.requests[1].messages[-2:]
    assert ("longer than 0.2 s" in hung["content"], SECRET in heard["content"]) == (True, True)


def test_prompts_arguments_and_results_reach_no_client(model: ScriptedModel, alice: Client) -> None:
    thread = new_id("t")
    alice.chat("One", thread=thread)
    give_system_prompt(thread, OF_THE_THREAD)
    seen: list[str] = []
    with alice.socket() as watching:
        watching.say("watch")
        for transport in TRANSPORTS:
            model.script(
                tool_round(Call("whisper", json.dumps({"words": IN_ARGUMENTS}))),
                tool_round(Call("whisper", '{"wrong": "canary1207"}')),
                answer("Said."),
            )
            response = new_id("r")
            seen.append(str(transport.send(alice, thread=thread, response=response).rest()))
            seen += [str(follower.follow(alice, response).rest()) for follower in TRANSPORTS]
            seen.append(alice.get(f"/api/responses/{response}").text)
        seen += [str(watching.receive()) for _ in TRANSPORTS]
    assert all(word in str([request.body for request in model.requests]) for word in HIDDEN)
    seen += [alice.get(path).text for path in pages_of(thread)]
    seen.append(alice.http.patch(f"/api/threads/{thread}", json={"title": "New"}).text)
    for word in HIDDEN:
        assert not [text for text in seen if word in text.replace(f"q={word}", "")], word


def pages_of(thread: str) -> list[str]:
    searches = [f"/api/threads?q={word}" for word in HIDDEN]
    return [
        "/",
        "/api/threads",
        "/api/session",
        f"/api/threads/{thread}",
        f"/api/threads/{thread}/messages",
        *searches,
    ]
