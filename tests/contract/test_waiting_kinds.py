"""Contract section 11: the kinds of requests, who decides which tools ask, and answers that are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.contract.expect import assert_problem
from tests.contract.waits import PAY, payment, reply, settings, waiting
from tests.live.client import Client, Json, new_id


@pytest.fixture
def server(live: None, servers: Any) -> Any:
    return servers.keep(**settings())


FORM = {"guests": 2, "day": "2027-01-02"}


def test_a_tool_that_asks_gets_the_form_and_runs_to_its_end(model: ScriptedModel, alice: Client) -> None:
    table = tool_round(Call("book", '{"place": "Lisbon"}', "call_book"))
    response, [request] = waiting(model, alice, table, answer("Booked."))
    assert (request["kind"], request["message"]) == ("ask", "For whom in Lisbon?")
    assert request["schema"]["properties"]["guests"]["type"] == "integer"
    assert "arguments" not in request
    assert reply(alice, response, request, "answered", content=FORM).json() == {"status": "streaming"}
    alice.wait_until(response, "done")
    assert "2 in Lisbon" in model.requests[1].messages[-1]["content"]


def test_a_form_that_is_refused_is_told_to_the_tool(model: ScriptedModel, alice: Client) -> None:
    table = tool_round(Call("book", '{"place": "Lisbon"}', "call_book"))
    response, [request] = waiting(model, alice, table, answer("Well."))
    reply(alice, response, request, "rejected")
    alice.wait_until(response, "done")
    assert "nobody" in model.requests[1].messages[-1]["content"]


@pytest.mark.parametrize(
    ("content", "path"),
    [
        ({"guests": "two", "day": "2027-01-02"}, "/guests"),
        ({"day": "2027-01-02"}, ""),
        ({"guests": 2, "day": "soon"}, "/day"),
        ("two", ""),
        (None, ""),
    ],
)
def test_content_that_does_not_fit_names_the_first_fault(
    model: ScriptedModel, alice: Client, content: Any, path: str
) -> None:
    table = tool_round(Call("book", '{"place": "Lisbon"}', "call_book"))
    response, [request] = waiting(model, alice, table, answer("Booked."))
    problem = reply(alice, response, request, "answered", content=content)
    assert_problem(problem, "bad_request", 400)
    assert problem.json()["path"] == path
    assert alice.response(response)["status"] == "waiting"


WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tell it.",
        "parameters": {"type": "object", "properties": {}},
    },
}


def weather(model: ScriptedModel, client: Client, *after: str) -> tuple[str, Json]:
    called = tool_round(Call("weather", '{"place": "Lisbon"}', "call_w"))
    response, [request] = waiting(model, client, called, answer(*after), tools=[WEATHER])
    return response, request


def test_a_client_s_own_tool_waits_for_its_result(model: ScriptedModel, alice: Client) -> None:
    response, request = weather(model, alice, "Sunny.")
    assert (request["kind"], request["tool"], request["arguments"]) == (
        "client",
        "weather",
        {"place": "Lisbon"},
    )
    offered = {tool["function"]["name"] for tool in model.requests[0].json["tools"]}
    assert {"weather", "calculate"} <= offered
    reply(alice, response, request, "answered", result={"sky": "clear"})
    alice.wait_until(response, "done")
    assert json.loads(model.requests[1].messages[-1]["content"]) == {"sky": "clear"}


def test_a_client_s_tool_may_be_rejected_or_give_text(model: ScriptedModel, alice: Client) -> None:
    response, request = weather(model, alice, "A pity.")
    reply(alice, response, request, "rejected")
    alice.wait_until(response, "done")
    assert "rejected" in model.requests[1].messages[-1]["content"]
    response, request = weather(model, alice, "Fine.")
    reply(alice, response, request, "answered", result="22 degrees")
    alice.wait_until(response, "done")
    assert model.requests[3].messages[-1]["content"] == "22 degrees"


@pytest.mark.parametrize("tools", [[1], [{"type": "function"}], [WEATHER, WEATHER], [WEATHER] * 129, {}])
def test_tools_of_another_form_are_refused(model: ScriptedModel, alice: Client, tools: Any) -> None:
    assert_problem(alice.chat(tools=tools), "bad_request", 400)


def test_a_completion_that_would_wait_is_stopped(model: ScriptedModel, alice: Client) -> None:
    model.script(*payment())
    body = {"model": "c1", "messages": [{"role": "user", "content": "Pay."}]}
    ended = alice.http.post("/v1/chat/completions", json=body)
    assert ended.status_code >= 400
    assert ended.json()["error"]["code"] == "stopped"


def test_a_tool_allowed_for_a_thread_asks_no_more_there(model: ScriptedModel, alice: Client) -> None:
    thread = new_id("t")
    response, [request] = waiting(model, alice, *payment(), *payment("Again."), thread=thread)
    assert reply(alice, response, request, "approved", forThread=True).status_code == 200
    alice.wait_until(response, "done")
    assert alice.chat(thread=thread).text.endswith("Again.")
    elsewhere, _ = waiting(model, alice, *payment())
    assert alice.stop(elsewhere).json() == {"status": "stopped"}


@pytest.mark.parametrize(
    ("policy", "status"), [({"calc*": "ask"}, "waiting"), ({"*": "ask", "calculate": "allow"}, "done")]
)
def test_the_operator_says_which_tools_ask(
    model: ScriptedModel, make_client: Any, servers: Any, policy: Json, status: str
) -> None:
    client = make_client(servers.keep(**settings(CHAT_TOOL_POLICY=json.dumps(policy))))
    model.script(tool_round(Call("calculate", '{"expression": "6*7"}')), answer("42."))
    response = new_id("r")
    client.chat(response=response)
    assert client.wait_until(response, status)


def test_a_denied_tool_is_not_offered(model: ScriptedModel, make_client: Any, servers: Any) -> None:
    client = make_client(servers.keep(**settings(CHAT_TOOL_POLICY='{"pay": "deny"}')))
    client.chat()
    offered = {tool["function"]["name"] for tool in model.requests[0].json["tools"]}
    assert "calculate" in offered
    assert "pay" not in offered


@pytest.mark.parametrize(
    "body",
    [
        {"outcome": "answered"},
        {"outcome": "cancelled"},
        {"outcome": "expired"},
        {"outcome": "approved", "arguments": [1]},
        {"outcome": "approved", "content": {}},
        {"outcome": "rejected", "arguments": {}},
        {"outcome": 1},
        {},
    ],
    ids=json.dumps,
)
def test_an_answer_of_the_wrong_form_is_refused(model: ScriptedModel, alice: Client, body: Json) -> None:
    response, [request] = waiting(model, alice, *payment())
    named = {"requestId": request["requestId"], **body}
    assert_problem(alice.http.post(f"/api/responses/{response}/answers", json=named), "bad_request", 400)
    assert alice.response(response)["status"] == "waiting"


def test_arguments_that_may_not_be_edited_are_refused(model: ScriptedModel, alice: Client) -> None:
    round_ = tool_round(Call("transfer", PAY, "call_t"))
    response, [request] = waiting(model, alice, round_, answer("Done."))
    assert request["editable"] is False
    assert_problem(reply(alice, response, request, "approved", arguments={"amount": 9}), "bad_request", 400)
    assert reply(alice, response, request, "approved").status_code == 200
    alice.wait_until(response, "done")


def test_a_form_that_could_take_for_ever_to_check_is_no_form(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("shout", "{}")), answer("No form."))
    assert alice.chat().text == "No form."
    assert "pattern" in model.requests[1].messages[-1]["content"]


def test_an_answer_of_a_megabyte_is_refused(model: ScriptedModel, alice: Client) -> None:
    response, [request] = waiting(model, alice, *payment())
    problem = reply(alice, response, request, "approved", arguments={"amount": 1, "note": "x" * 900_000})
    assert_problem(problem, "too_large", 413)
