"""The scripted model server, met by a plain HTTP client."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from chat.testing import FAULTS, TOOL_FAULTS, Call, Gate, ScriptedModel, answer, refusal, tool_round
from chat.testing.script import CutOff, Endless, Finish, Reset, Script, Stall, Text, broken


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as running:
        yield running
        running.reset()


def ask(model: ScriptedModel, path: str = "chat/completions", **body: Any) -> httpx.Response:
    return httpx.post(model.base_url + path, json={"model": "m", "messages": [], "stream": True, **body})


def payloads(response: httpx.Response) -> list[Any]:
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def test_an_answer_is_streamed_as_chat_completion_chunks(model: ScriptedModel) -> None:
    model.script(answer("Hel", "lo", usage=(3, 2)))
    *chunks, done = payloads(ask(model))
    assert [chunk["choices"][0]["delta"].get("content") for chunk in chunks[:2]] == ["Hel", "lo"]
    assert chunks[2]["choices"][0]["finish_reason"] == "stop"
    assert (chunks[3]["choices"], chunks[3]["usage"]["total_tokens"], done) == ([], 5, "[DONE]")


def test_a_completion_has_its_own_form(model: ScriptedModel) -> None:
    model.script(answer("Hello"))
    assert [chunk["choices"][0]["text"] for chunk in payloads(ask(model, "completions"))[:2]] == ["Hello", ""]


def test_a_request_that_does_not_stream_gets_the_script_as_one_document(model: ScriptedModel) -> None:
    call = Call("calculate", '{"expression": "1+1"}', pieces=3)
    model.script(answer("Hel", "lo", usage=(3, 2)), tool_round(call), answer("Hello"))
    plain, called, text = (
        ask(model, stream=False),
        ask(model, stream=False),
        ask(model, "completions", stream=False),
    )
    assert plain.json()["choices"][0]["message"] == {"role": "assistant", "content": "Hello"}
    assert (plain.json()["usage"]["total_tokens"], plain.headers["content-type"]) == (5, "application/json")
    (choice,) = called.json()["choices"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    function = {"name": "calculate", "arguments": '{"expression": "1+1"}'}
    assert choice["message"]["tool_calls"] == [{"id": "call_1", "type": "function", "function": function}]
    assert text.json()["choices"][0]["text"] == "Hello"


def test_requests_are_kept_with_path_headers_and_body(model: ScriptedModel) -> None:
    httpx.post(
        model.base_url + "chat/completions", content=b'{"a" : 1}', headers={"Authorization": "Bearer k"}
    )
    (received,) = model.requests
    assert (received.path, received.headers["authorization"]) == ("/v1/chat/completions", "Bearer k")
    assert (received.body, received.json) == (b'{"a" : 1}', {"a": 1})


def test_scripts_are_used_once_each_and_then_the_default_answers(model: ScriptedModel) -> None:
    model.script(refusal(503, retry_after=7), answer("one"))
    model.default(lambda received: answer(received.json["model"]))
    first, second, third = ask(model), ask(model), ask(model)
    assert (first.status_code, first.headers["retry-after"]) == (503, "7")
    assert payloads(second)[0]["choices"][0]["delta"]["content"] == "one"
    assert payloads(third)[0]["choices"][0]["delta"]["content"] == "m"


def test_a_gate_holds_the_answer_back_until_it_is_opened(model: ScriptedModel) -> None:
    gate = Gate()
    model.script(answer("a", gate, "b"))
    with httpx.stream("POST", model.base_url + "chat/completions", json={"stream": True}) as response:
        pieces = response.iter_bytes()
        assert b'"a"' in next(pieces)
        gate.wait_until_reached()
        gate.open()
        assert b'"b"' in b"".join(pieces)


@pytest.mark.parametrize(
    "parts", [(Stall(),), ("a", Stall()), (Endless("a"),)], ids=["stall", "text", "endless"]
)
def test_a_client_that_leaves_is_noticed(model: ScriptedModel, parts: tuple[Any, ...]) -> None:
    model.script(broken(*parts))
    before = time.monotonic()
    with httpx.stream("POST", model.base_url + "chat/completions", json={"stream": True}):
        pass
    assert model.requests[0].wait_until_left() >= before


def test_a_complete_answer_does_not_count_as_left(model: ScriptedModel) -> None:
    ask(model)
    with pytest.raises(AssertionError, match="came to its end"):
        model.requests[0].wait_until_left()


@pytest.mark.parametrize("end", [CutOff(), Reset()], ids=["cut", "reset"])
def test_a_broken_connection_shows_as_one(model: ScriptedModel, end: Any) -> None:
    model.script(broken(end))
    with pytest.raises(httpx.TransportError):
        ask(model)


def test_the_port_can_refuse_and_come_back(model: ScriptedModel) -> None:
    with model.refusing(), pytest.raises(httpx.ConnectError):
        ask(model)
    assert ask(model).status_code == 200


def test_a_body_can_be_cut_into_single_bytes(model: ScriptedModel) -> None:
    model.script(answer("Hello 🍎", split=[1]))
    with httpx.stream("POST", model.base_url + "chat/completions", json={"stream": True}) as response:
        body = b"".join(response.iter_raw())
    assert (
        json.loads(body.split(b"\n\n")[0].removeprefix(b"data: "))["choices"][0]["delta"]["content"]
        == "Hello 🍎"
    )


def test_tool_calls_come_in_pieces_that_join_to_the_arguments(model: ScriptedModel) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "1+1"}', pieces=5), text="Let me see."))
    first, *calls, finish = payloads(ask(model))[:-1]
    pieces = [call["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"] for call in calls]
    assert (len(pieces), "".join(pieces)) == (5, '{"expression": "1+1"}')
    assert first["choices"][0]["delta"] == {"content": "Let me see."}
    assert finish["choices"][0]["finish_reason"] == "tool_calls"


def test_a_mistake_in_a_script_reaches_the_test(model: ScriptedModel) -> None:
    model.script(lambda received: answer(received.json["no such key"]))
    with pytest.raises(httpx.TransportError):
        ask(model)
    with pytest.raises(AssertionError, match="no such key"):
        model.reset()


@pytest.mark.parametrize(
    "name", [name for name, fault in FAULTS.items() if not fault.refused and not fault.slow]
)
def test_every_fault_can_be_played(model: ScriptedModel, name: str) -> None:
    fault = FAULTS[name]
    assert isinstance(fault.behaviour, Script)
    model.script(fault.behaviour)
    try:
        seen = ask(model)
    except httpx.TransportError:
        assert fault.code, "only a fault that fails the response may break the connection"
    else:
        assert seen.status_code == fault.behaviour.status
        assert fault.code == "unavailable" or seen.status_code in {200, 400, 401, 403, 404, 413}


@pytest.mark.parametrize("name", TOOL_FAULTS)
def test_every_tool_fault_asks_for_a_tool_first(model: ScriptedModel, name: str) -> None:
    model.default(TOOL_FAULTS[name].behaviour)
    asked = ask(model, messages=[{"role": "user"}], tools=[{}])
    assert '"tool_calls"' in asked.text
    assert Text("Hello").text in ask(model, messages=[{"role": "tool"}], tools=[]).text
    assert (
        Finish().reason
        == payloads(ask(model, messages=[{"role": "tool"}]))[-2]["choices"][0]["finish_reason"]
    )
