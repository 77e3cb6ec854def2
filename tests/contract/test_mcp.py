"""MCP servers in a response: consent, questions to the user, pictures and progress, with the official package's server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.contract.expect import assert_problem, framed
from tests.fixtures.mcp_http import serving
from tests.live.client import Client, Json, new_id
from tests.live.harness import eventually
from tests.live.transports import SSE, Transport


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving("asks") as url:
        yield url


def settings(url: str) -> dict[str, str]:
    plain, trusted = {"url": url}, {"url": url, "trusted": True}
    servers = {"web": plain, "free": plain, "own": trusted, "strict": trusted}
    rules = {"free_*": "allow", "strict_*": "ask"}
    return {
        "CHAT_MCP": json.dumps(servers),
        "CHAT_TOOL_POLICY": json.dumps(rules),
        "CHAT_TOOL_DETAILS": "on",
        "CHAT_ACTIVE_PER_USER": "20",
    }


@pytest.fixture
def server(live: None, servers: Any, url: str) -> Any:
    return servers.keep(**settings(url))


@pytest.fixture
def elsewhere(live: None, servers: Any, url: str) -> Any:
    """Provide another process of the same settings."""
    return servers.keep(2, **settings(url))


def begin(model: ScriptedModel, client: Client, tool: str, arguments: str = "{}") -> str:
    """Send a prompt whose answer calls the tool; return the response's id."""
    eventually(lambda: client.chat() and offers(model, tool))
    model.script(tool_round(Call(tool, arguments, "call_1"), text="Well. "), answer("Done."))
    response = new_id("r")
    SSE.send(client, response=response)
    return response


def offers(model: ScriptedModel, tool: str) -> bool:
    return tool in [one["function"]["name"] for one in model.requests[-1].json.get("tools", [])]


def reply(client: Client, response: str, outcome: str, **more: Any) -> Any:
    [request] = client.response(response)["requests"]
    body = {"requestId": request["requestId"], "outcome": outcome, **more}
    return client.http.post(f"/api/responses/{response}/answers", json=body)


def result(model: ScriptedModel, client: Client, response: str) -> str:
    """Return what the model got for the call, once the answer has ended."""
    client.wait_until(response, "done")
    return str(model.requests[-1].messages[-1]["content"])


def tool_of(client: Client, response: str) -> Json:
    [tool] = client.messages(client.response(response)["threadId"])[-1]["tools"]
    return dict(tool)


# Consent


@pytest.mark.parametrize("tool", ["web_shout", "web_peek", "own_shout", "strict_peek"])
def test_the_user_is_asked_before_a_call(model: ScriptedModel, alice: Client, tool: str) -> None:
    response = begin(model, alice, tool, '{"text": "hello"}')
    [request] = alice.wait_until(response, "waiting")["requests"]
    assert (request["kind"], request["tool"]) == ("approve", tool)
    reply(alice, response, "approved")
    assert result(model, alice, response) in ("HELLO", "seen")


@pytest.mark.parametrize(("tool", "said"), [("own_peek", "seen"), ("free_shout", "HELLO")])
def test_a_read_only_tool_of_a_trusted_server_and_what_a_rule_allows_run_at_once(
    model: ScriptedModel, alice: Client, tool: str, said: str
) -> None:
    assert result(model, alice, begin(model, alice, tool, '{"text": "hello"}')) == said


# Questions


def test_a_servers_question_waits_for_the_user_and_another_process_goes_on(
    model: ScriptedModel, alice: Client, elsewhere: Any
) -> None:
    response = begin(model, alice, "free_reserve", '{"place": "Rome"}')
    [request] = alice.wait_until(response, "waiting")["requests"]
    assert (request["kind"], request["message"]) == ("ask", "How many seats in Rome?")
    there = alice.at(elsewhere)
    assert reply(there, response, "answered", content={"seats": 0}).status_code == 400
    assert reply(there, response, "answered", content={"seats": 3}).status_code == 200
    assert result(model, there, response) == "3 seats in Rome"


def test_a_refused_question_is_told_to_the_server(model: ScriptedModel, alice: Client) -> None:
    response = begin(model, alice, "free_maybe", '{"place": "Rome"}')
    alice.wait_until(response, "waiting")
    reply(alice, response, "rejected")
    assert result(model, alice, response) == "decline Rome"


def test_a_question_for_a_password_fails_the_call_and_asks_no_one(
    model: ScriptedModel, alice: Client
) -> None:
    response = begin(model, alice, "free_sign_in")
    assert "secret" in result(model, alice, response)
    assert tool_of(alice, response)["state"] == "failed"


# Results


def test_a_picture_in_a_result_is_kept_for_its_owner_and_named_to_the_model(
    model: ScriptedModel, alice: Client, bob: Client
) -> None:
    response = begin(model, alice, "free_draw")
    told = result(model, alice, response).splitlines()
    [path] = tool_of(alice, response)["pictures"]
    assert told[:2] == ["A dot.", f"[image image/png {path}]"]
    assert told[2].startswith("[image image/png not kept: ")
    assert alice.http.get(path).headers["Content-Type"] == "image/png"
    assert bob.http.get(path).status_code == 404


def test_a_file_in_a_result_is_given_to_its_owner_with_the_answer(
    model: ScriptedModel, alice: Client
) -> None:
    response = begin(model, alice, "free_report")
    told = result(model, alice, response)
    thread = alice.response(response)["threadId"]
    [kept] = alice.get(f"/api/threads/{thread}/messages").json()["messages"][-1]["attachments"]
    assert (
        told
        == f"The numbers.\n[resource files://host/weather.csv text/csv {kept['url']}]\ntown,degrees\nRome,21\n"
    )
    assert kept["name"] == "weather.csv"
    assert alice.http.get(kept["url"]).content == b"town,degrees\nRome,21\n"


def test_structured_content_comes_once(model: ScriptedModel, alice: Client) -> None:
    told = result(model, alice, begin(model, alice, "free_weather", '{"town": "Rome"}'))
    assert json.loads(told) == {"town": "Rome", "degrees": 21}


# Progress


@framed
def test_progress_is_a_hint_while_the_call_runs_and_is_never_replayed(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    eventually(lambda: alice.chat() and offers(model, "free_steps"))
    model.script(tool_round(Call("free_steps", "{}", "call_1")), answer("Done."))
    response = new_id("r")
    events = transport.send(alice, response=response).rest().events
    hints = [data["progress"] for name, data in events if name == "tool" and "progress" in data]
    assert 1 <= len(hints) <= 4
    assert all(0 <= one["fraction"] <= 1 and len(one["message"]) <= 200 for one in hints)
    replayed = transport.follow(alice, response).rest().events
    assert not [data for _, data in replayed if "progress" in data]


def test_a_servers_prompts_are_offered_to_its_users_and_filled_in(alice: Client) -> None:
    def listed() -> list[tuple[str, str]]:
        prompts = alice.get("/api/server-prompts").json()["prompts"]
        return [(one["server"], one["name"]) for one in prompts]

    eventually(lambda: ("web", "summary") in listed())
    assert alice.get("/api/session").json()["serverPrompts"] is True
    given = {"name": "summary", "arguments": {"text": "All is well."}}
    filled = alice.http.post("/api/server-prompts/web", json=given)
    assert filled.json() == {"text": "Sum up in a plain tone: All is well."}
    refused = alice.http.post("/api/server-prompts/web", json={"name": "summary"})
    assert_problem(refused, "connection_failed", 502)
    assert_problem(alice.http.post("/api/server-prompts/other", json=given), "not_found", 404)
    too_long = given | {"arguments": {"text": "x" * 20_001}}
    assert_problem(alice.http.post("/api/server-prompts/web", json=too_long), "bad_request", 400)
