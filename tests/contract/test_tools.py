"""Contract section 3: tool rounds, hidden messages, think items."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import TOOL_FAULTS, Call, ScriptedModel, answer, tool_round
from tests.contract.expect import THINK_ITEMS, framed, visible
from tests.live.client import Client, new_id
from tests.live.transports import C1, SSE, TRANSPORTS, Transport

# Arguments must be forwarded with their blanks and escapes.
ARGUMENTS = '{"expression" :  "6*7", "note":"ca\\u00f1\\u00f3n"}'
SUM = '{"expression": "6*7"}'
IDS_OF_OURS = {"id", "threadId", "responseId", "public_id"}


@pytest.mark.parametrize("name", TOOL_FAULTS)
def test_an_answer_survives_every_fault_of_tool_calls(model: ScriptedModel, alice: Client, name: str) -> None:
    model.default(TOOL_FAULTS[name].behaviour)
    stream = SSE.send(alice).rest()
    assert (visible(stream.text), stream.end["status"]) == (b"Hello", "done")
    for asked in model.requests:
        assert_valid_history(asked.messages)


def assert_valid_history(messages: list[dict[str, Any]]) -> None:
    """Assert that every call has one result of its own, and every result belongs to a call (I12)."""
    rounds = [[call["id"] for call in message.get("tool_calls") or []] for message in messages]
    answered = [message["tool_call_id"] for message in messages if message["role"] == "tool"]
    assert answered == [call for called in rounds for call in called]
    for called in rounds:
        assert len(set(called)) == len(called)


def test_the_model_gets_its_calls_and_the_results(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("calculate", SUM, "call_x"), text="Let me see. "), answer("42."))
    alice.chat("Six times seven?")
    prompt, called, result = model.requests[1].messages
    assert prompt == {"role": "user", "content": "Six times seven?"}
    function = {"name": "calculate", "arguments": SUM}
    calls = [{"id": "call_x", "type": "function", "function": function}]
    assert called == {"role": "assistant", "content": "Let me see. ", "tool_calls": calls}
    assert (result["role"], result["tool_call_id"], set(result)) == (
        "tool",
        "call_x",
        {"role", "tool_call_id", "content"},
    )
    assert "42" in result["content"]


def test_a_call_in_another_spelling_runs_the_tool_that_is_meant(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("functions.Calculate", SUM, "call_x")), answer("42."))
    alice.chat("Six times seven?")
    called, result = model.requests[1].messages[1:]
    assert called["tool_calls"][0]["function"]["name"] == "calculate"
    assert "42" in result["content"]


def test_arguments_are_forwarded_as_the_text_received(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("calculate", ARGUMENTS, pieces=7)))
    alice.chat()
    assert model.requests[1].messages[1]["tool_calls"][0]["function"]["arguments"] == ARGUMENTS


def test_the_next_turn_gets_all_hidden_messages_and_each_part_once(
    model: ScriptedModel, alice: Client
) -> None:
    model.script(tool_round(Call("calculate", SUM), text="Let me see. "), answer("It is 42."))
    alice.chat("First", thread=(thread := new_id("t")))
    alice.chat("Second", thread=thread)
    said = [(message["role"], message.get("content")) for message in model.requests[2].messages]
    result = model.requests[1].messages[-1]["content"]
    before = [("user", "First"), ("assistant", "Let me see. "), ("tool", result)]
    assert said == [*before, ("assistant", "It is 42."), ("user", "Second")]
    for message in model.requests[2].messages:
        assert not message.keys() & IDS_OF_OURS


def test_the_visible_reply_holds_all_text_and_no_think_items(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    model.script(tool_round(Call("calculate", SUM), text="Let me see. "), answer("It is 42."))
    heard = transport.send(alice, thread=(thread := new_id("t")), response=(response := new_id("r"))).rest()
    assert visible(heard.text) == b"Let me see. It is 42."
    shown = alice.messages(thread)
    assert [message["content"] for message in shown][1:] == ["Let me see. It is 42."]
    assert alice.response(response)["offset"] == len(heard.text) == shown[-1]["offset"]


def test_think_items_are_replayed_with_the_log(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("calculate", SUM)), answer("42."))
    whole = C1.send(alice, response=(response := new_id("r"))).rest().text
    assert THINK_ITEMS.match(whole)
    for transport in TRANSPORTS:
        assert transport.follow(alice, response).rest().text == whole
        assert transport.follow(alice, response, 9).rest().text == whole[9:]


def test_think_items_of_the_model_are_text_like_any_other(model: ScriptedModel, alice: Client) -> None:
    own = '<thinkitem ephemeral="true"><thinkitemtitle>x</thinkitemtitle></thinkitem>Hi'
    model.script(answer(own))
    assert alice.chat(thread=(thread := new_id("t"))).text == own
    assert alice.messages(thread)[-1]["content"] == own


@framed
def test_tools_are_hinted_at_while_they_run(
    model: ScriptedModel, alice: Client, transport: Transport
) -> None:
    model.script(tool_round(Call("calculate", SUM)), answer("42."))
    heard = transport.send(alice, thread=(thread := new_id("t")), response=(response := new_id("r"))).rest()
    hints = [(data["name"], data["state"]) for name, data in heard.events if name == "tool"]
    assert hints == [("calculate", "started"), ("calculate", "done")]
    [listed] = alice.messages(thread)[-1]["tools"]
    assert {data["callId"] for name, data in heard.events if name == "tool"} == {listed["id"]}
    assert not [
        data for name, data in heard.events if name == "tool" and {"arguments", "result"} & data.keys()
    ]
    assert "tool" not in [name for name, _ in transport.follow(alice, response).rest().events]


def test_a_failing_tool_is_hinted_at_as_failed(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("calculate", '{"expression": "1/0"}')), answer("No."))
    states = [data["state"] for name, data in SSE.send(alice).rest().events if name == "tool"]
    assert states == ["started", "failed"]


def test_hidden_messages_reach_no_client(model: ScriptedModel, alice: Client, transport: Transport) -> None:
    secret = "canary5521"
    model.script(tool_round(Call(f"tool_{secret}", f'{{"x": "{secret}"}}')), answer("42."))
    heard = transport.send(alice, thread=(thread := new_id("t")), response=(response := new_id("r"))).rest()
    seen = [str(heard), *(alice.get(path).text for path in paths_of(thread, response))]
    hints = [data["name"] for name, data in heard.events if name == "tool"]
    assert not [text for text in seen if secret in text.replace(f"tool_{secret}", "")], hints
    assert len(alice.messages(thread)) == 2


def paths_of(thread: str, response: str) -> list[str]:
    found = ["/api/threads", "/api/threads?q=canary5521", f"/api/threads/{thread}"]
    streams = [f"/api/responses/{response}/stream?format={form}" for form in ("c1", "sse")]
    return [*found, f"/api/threads/{thread}/messages", f"/api/responses/{response}", *streams]


def test_the_last_round_is_asked_with_tools_off(model: ScriptedModel, alice: Client) -> None:
    model.default(TOOL_FAULTS["a model that never stops calling"].behaviour)
    alice.chat()
    offered = [
        bool(asked.json.get("tools")) and asked.json.get("tool_choice") != "none" for asked in model.requests
    ]
    assert offered == [True] * 8 + [False]
    last = model.requests[-1].json
    assert (last["tools"], last["tool_choice"]) == (model.requests[0].json["tools"], "none")


def test_after_a_put_the_last_message_has_all_the_text(model: ScriptedModel, alice: Client) -> None:
    model.script(tool_round(Call("calculate", SUM), text="Let me see. "), answer("It is 42."))
    alice.chat("First", thread=(thread := new_id("t")), response=(response := new_id("r")))
    alice.http.put(f"/api/threads/{thread}/messages/{response}", json={"content": "It is 43."})
    alice.chat("Second", thread=thread)
    said = [
        message.get("content") or ""
        for message in model.requests[2].messages
        if message["role"] == "assistant"
    ]
    assert said == ["", "It is 43."]
    assert_valid_history(model.requests[2].messages)


def test_a_cut_drops_the_calls_that_came_after_it(model: ScriptedModel, alice: Client) -> None:
    from chat.testing.script import Stall, broken

    model.script(tool_round(Call("calculate", SUM), text="Let me see. "), broken("It is 42.", Stall()))
    ids = {"thread": new_id("t"), "response": new_id("r")}
    reader = SSE.send(alice, "First", **ids).until("It is 42.")
    alice.stop(ids["response"], offset=6)
    reader.rest()
    alice.chat("Second", thread=ids["thread"])
    said = [(message["role"], message["content"]) for message in model.requests[2].messages]
    assert said == [("user", "First"), ("assistant", "Let me"), ("user", "Second")]
