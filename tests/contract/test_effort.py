"""The effort of a model, chosen for each prompt: the fields that it adds, and where it is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.models import Response
from chat.testing import Call, Gate, ScriptedModel, answer, refusal, tool_round
from tests.contract.expect import assert_problem
from tests.live.client import Client, body_of, new_id
from tests.live.transports import SSE, Transport

EFFORTS = {"low": {"reasoning_effort": "low"}, "high": {"reasoning_effort": "high", "top_p": 0.5}}


def models(base_url: str) -> str:
    server = {"baseUrl": base_url, "model": "upstream"}
    return json.dumps(
        {
            "c1": {"efforts": EFFORTS, "parameters": {"top_p": 0.9}, "fallbacks": ["budget", "without"]},
            "budget": {**server, "efforts": {"high": {"thinking": {"budget_tokens": 900}}}},
            "without": server,
            "openassistant": {"efforts": {"short": {"max_tokens": 100, "top_k": 5}}},
        }
    )


@pytest.fixture
def server(live: None, servers: Any, scripted_model: ScriptedModel) -> Any:
    return servers.keep(CHAT_MODELS=models(scripted_model.base_url), CHAT_ACTIVE_PER_USER="20")


def added(model: ScriptedModel, number: int = 0) -> dict[str, Any]:
    """Return the fields of a request that an effort may have added."""
    names = ("reasoning_effort", "top_p", "thinking")
    return {name: model.requests[number].json[name] for name in names if name in model.requests[number].json}


def test_an_effort_adds_its_fields_on_every_transport(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    transport.send(alice, response=(response := new_id("r")), effort="high").rest()
    assert added(model) == EFFORTS["high"]
    assert Response.objects.get(public_id=response).effort == "high"


def test_without_an_effort_nothing_is_added(model: ScriptedModel, alice: Client) -> None:
    alice.chat(response=(response := new_id("r")))
    assert added(model) == {"top_p": 0.9}
    assert Response.objects.get(public_id=response).effort is None


def test_every_round_of_tools_has_the_effort(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "1+1"}')), answer("Two."))
    alice.chat(effort="low")
    assert [added(model, number)["reasoning_effort"] for number in (0, 1)] == ["low", "low"]


def test_a_fallback_adds_its_own_fields_or_none(model: ScriptedModel, alice: Client) -> None:
    model.script(refusal(401), refusal(401), answer("Third."))
    assert alice.chat(effort="high").text == "Third."
    assert added(model, 1) == {"thinking": {"budget_tokens": 900}}
    assert added(model, 2) == {}


def test_a_queued_prompt_keeps_its_effort(model: ScriptedModel, alice: Client) -> None:
    gate, thread = Gate(), new_id("t")
    model.script(answer("Old", gate), answer("New"))
    old = SSE.send(alice, "First", thread=thread).until("Old")
    new = SSE.send(alice, "Second", thread=thread, busy="queue", effort="low").until("")
    gate.open()
    assert (old.rest().text, new.rest().text) == (b"Old", b"New")
    assert [added(model, number).get("reasoning_effort") for number in (0, 1)] == [None, "low"]


def test_another_answer_has_an_effort_of_its_own(model: ScriptedModel, alice: Client) -> None:
    alice.chat(response=(first := new_id("r")), effort="low")
    for body in ({"effort": "high"}, {}):
        assert alice.http.post(f"/api/responses/{first}/regenerate", json=body).is_success
    assert [added(model, number).get("reasoning_effort") for number in range(3)] == ["low", "high", None]


def test_openassistants_prompt_leaves_room_for_the_efforts_answer(
    model: ScriptedModel, alice: Client
) -> None:
    body = {
        "messages": [{"role": "user", "content": "x" * 1500}, {"role": "assistant", "content": "y" * 4000}]
    }
    body["messages"].append({"role": "user", "content": "And now?"})
    for effort in (None, "short"):
        alice.http.post("/api/response", json=body | {"effort": effort})
    assert [request.json["max_tokens"] for request in model.requests] == [1024, 100]
    assert [request.json["top_k"] for request in model.requests] == [50, 5]
    assert ["yyy" in request.json["prompt"] for request in model.requests] == [False, True]


@pytest.mark.parametrize(
    ("wanted", "offered"),
    [({"effort": "medium"}, ["low", "high"]), ({"effort": "low", "model": "without"}, [])],
)
def test_an_effort_that_the_model_does_not_offer_is_refused_with_those_it_offers(
    model: ScriptedModel, alice: Client, wanted: dict[str, str], offered: list[str]
) -> None:
    for path in ("/api/chat", "/api/response"):
        body = {"model": "c1", **body_of("Hi"), **wanted}
        problem = assert_problem(alice.http.post(path, json=body), "bad_request", 400)
        assert problem["efforts"] == offered
        assert all(name in problem["detail"] for name in offered)
    assert model.requests == []
    assert alice.get("/api/threads").json()["threads"] == []


def test_a_refused_effort_is_an_error_frame_and_the_socket_stays(model: ScriptedModel, alice: Client) -> None:
    with alice.socket() as socket:
        frame = socket.ask("send", **body_of("Hi"), effort="medium")
        assert (frame["type"], frame["code"]) == ("error", "bad_request")
        assert socket.ask("ping")["type"] == "pong"


@pytest.mark.parametrize(
    "effort", [7, "", [], {"a": 1}, True, "LOW", "x" * 1_000, "low\n"], ids=lambda value: repr(value)[:9]
)
def test_an_effort_of_another_form_is_a_bad_request(model: ScriptedModel, alice: Client, effort: Any) -> None:
    alice.chat(response=(first := new_id("r")), thread=new_id("t"))
    for path in ("/api/chat", "/api/response", f"/api/responses/{first}/regenerate"):
        body = {"model": "c1", **body_of("Hi"), "effort": effort}
        assert_problem(alice.http.post(path, json=body), "bad_request", 400)
    assert len(model.requests) == 1


def test_the_session_lists_the_efforts_of_each_model(alice: Client) -> None:
    efforts = {"c1": ["low", "high"], "openassistant": ["short"], "budget": ["high"]}
    assert alice.get("/api/session").json()["efforts"] == efforts
