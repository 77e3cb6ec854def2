"""The AI SDK's approvals and client tools: a stream ends where the response waits, and the next request goes on."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import ScriptedModel
from tests.dialects import ai_sdk, waiting
from tests.dialects.ai_sdk import assert_grammar, chat_body, said
from tests.live.client import Client, Json, new_id

VERSION_6 = {"X-AI-SDK-Version": "6"}
WAITS: Json = {
    "type": "finish",
    "finishReason": "tool-calls",
    "messageMetadata": {"status": "waiting", "usage": None},
}


@pytest.fixture
def server(live: None, servers: Any) -> Any:
    return servers.keep(**waiting.SETTINGS)


def asked(client: Client, headers: Json = VERSION_6, **more: Any) -> tuple[str, str, list[Json]]:
    """Send a prompt; return the thread, the reply and the parts of its body, which must be a whole one."""
    thread = new_id("t")
    reader = ai_sdk.post(client, chat_body(thread, said("user", "Hi"), **more), headers)
    return thread, reader.to_end()[0]["messageId"], reader.parts


def reply(name: str, **part: Any) -> Json:
    """Return a reply as the client's chat keeps it, with the part of a call."""
    return {"id": name, "role": "assistant", "parts": [{"type": "text", "text": "So: "}, part]}


def approval(name: str, request: str, approved: bool) -> Json:
    given = {"id": request, "approved": approved}
    call = {"type": "tool-pay", "toolCallId": "call_pay", "input": {"amount": 5}}
    return reply(name, **call, state="approval-responded", approval=given)


def go_on(client: Client, thread: str, message: Json) -> Any:
    return ai_sdk.post(client, chat_body(thread, said("user", "Hi"), message))


def of_type(parts: list[Json], kind: str) -> Json:
    [part] = [part for part in parts if part["type"] == kind]
    return part


def test_an_approval_ends_the_stream_and_the_next_request_goes_on_behind_it(
    model: ScriptedModel, alice: Client
) -> None:
    waiting.script(model, waiting.PAY)
    thread, name, parts = asked(alice)
    request = of_type(parts, "tool-approval-request")
    assert parts[-4:-2] == [
        {"type": "tool-input-available", "toolCallId": "call_pay", "toolName": "pay", "input": {"amount": 5}},
        {"type": "tool-approval-request", "toolCallId": "call_pay", "approvalId": request["approvalId"]},
    ]
    assert parts[-1] == WAITS
    rest = go_on(alice, thread, approval(name, request["approvalId"], approved=True)).to_end()
    assert_grammar(rest, called=["call_pay"])
    assert rest[0]["messageId"] == name
    assert [part["delta"] for part in rest if part["type"] == "text-delta"] == ["Done."]
    assert of_type(rest, "tool-output-available")["toolCallId"] == "call_pay"
    assert "paid 5" in waiting.result(model)


def test_a_denied_call_does_not_run(model: ScriptedModel, alice: Client) -> None:
    waiting.script(model, waiting.PAY)
    thread, name, parts = asked(alice)
    request = of_type(parts, "tool-approval-request")["approvalId"]
    rest = go_on(alice, thread, approval(name, request, approved=False)).to_end()
    assert of_type(rest, "tool-output-denied") == {"type": "tool-output-denied", "toolCallId": "call_pay"}
    assert "rejected" in waiting.result(model)


def test_the_same_answer_again_streams_the_same_and_asks_no_model(
    model: ScriptedModel, alice: Client
) -> None:
    waiting.script(model, waiting.PAY)
    thread, name, parts = asked(alice)
    given = approval(name, of_type(parts, "tool-approval-request")["approvalId"], approved=True)
    first, again = (ai_sdk.merged(go_on(alice, thread, given).to_end()) for _ in range(2))
    assert first == again
    assert len(model.requests) == 2
    denied = given["parts"][1]["approval"] | {"approved": False}
    refused = alice.http.post(
        ai_sdk.PATH, json=chat_body(thread, reply(name, **given["parts"][1] | {"approval": denied}))
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "not_waiting")


def test_an_answer_to_what_has_ended_is_passed_over_while_another_request_is_open(
    model: ScriptedModel, alice: Client
) -> None:
    waiting.script(model, waiting.PAY, waiting.TRANSFER)
    thread, name, parts = asked(alice)
    names = {one["toolCallId"]: one["approvalId"] for one in parts if one["type"] == "tool-approval-request"}
    body = {"requestId": names["call_pay"], "outcome": "rejected"}
    assert alice.http.post(f"/api/responses/{name}/answers", json=body).status_code == 200
    message = approval(name, names["call_pay"], approved=True)
    call = {"type": "tool-transfer", "toolCallId": "call_transfer", "input": {"amount": 7}}
    given = {"id": names["call_transfer"], "approved": True}
    message["parts"].append({**call, "state": "approval-responded", "approval": given})
    rest = go_on(alice, thread, message).to_end()
    assert [part["delta"] for part in rest if part["type"] == "text-delta"] == ["Done."]
    assert "rejected" in waiting.results(model)
    assert "7" in waiting.results(model)


def test_an_older_client_gets_no_approval_and_reads_on_once_it_is_answered_elsewhere(
    model: ScriptedModel, alice: Client
) -> None:
    waiting.script(model, waiting.PAY)
    thread, name, parts = asked(alice, {})
    assert parts[-1] == WAITS
    assert "tool-approval-request" not in [part["type"] for part in parts]
    assert_grammar(parts, open_calls=["call_pay"])
    waiting.answer_elsewhere(alice, name)
    whole = ai_sdk.reconnect(alice, thread)
    assert_grammar(whole.to_end())
    assert whole.received.text == b"So: Done."


@pytest.mark.parametrize("output", [{"sky": "blue"}, "blue"], ids=["object", "text"])
def test_a_tool_of_the_client_is_called_with_its_arguments_and_its_output_goes_on(
    model: ScriptedModel, alice: Client, output: Any
) -> None:
    waiting.script(model, waiting.LOOK)
    tools = {"look": {key: waiting.LOOK_TOOL[key] for key in ("description", "parameters")}}
    thread, name, parts = asked(alice, {}, tools=tools)
    assert of_type(parts, "tool-input-available")["input"] == {"town": "Rome"}
    assert parts[-1] == WAITS
    call = {"type": "tool-look", "toolCallId": "call_look", "state": "output-available", "output": output}
    rest = go_on(alice, thread, reply(name, **call)).to_end()
    assert not [part for part in rest if part["type"].startswith("tool-")]
    assert "blue" in waiting.result(model)
    assert_grammar(ai_sdk.reconnect(alice, thread).to_end(), inputs={"call_look": {"town": "Rome"}})


def test_all_approvals_of_a_round_are_answered_at_once(model: ScriptedModel, alice: Client) -> None:
    waiting.script(model, waiting.PAY, waiting.TRANSFER)
    thread, name, parts = asked(alice)
    requests = [part for part in parts if part["type"] == "tool-approval-request"]
    given = [approval(name, one["approvalId"], approved=True)["parts"][1] for one in requests]
    rest = go_on(alice, thread, {"id": name, "role": "assistant", "parts": given}).to_end()
    assert_grammar(rest, called=["call_pay", "call_transfer"])
    assert "paid 5" in waiting.results(model)
    assert "transferred 7" in waiting.results(model)


def test_another_users_approval_is_an_unknown_one(model: ScriptedModel, alice: Client, bob: Client) -> None:
    waiting.script(model, waiting.PAY)
    thread, name, parts = asked(alice)
    given = approval(name, of_type(parts, "tool-approval-request")["approvalId"], approved=True)
    for who, message in ((bob, given), (alice, approval(name, "unknown", approved=True))):
        refused = who.http.post(ai_sdk.PATH, json=chat_body(thread, message))
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")
    assert alice.response(name)["status"] == "waiting"


def test_a_reloaded_chat_shows_what_it_waits_for(model: ScriptedModel, alice: Client) -> None:
    waiting.script(model, waiting.PAY)
    thread, _, parts = asked(alice)
    shown = alice.http.get(f"{ai_sdk.PATH}/{thread}", headers=VERSION_6).json()["messages"][-1]
    call = shown["parts"][-1]
    assert call["state"] == "approval-requested"
    assert call["approval"] == {"id": of_type(parts, "tool-approval-request")["approvalId"]}
    assert call["input"] == {"amount": 5}
    older = ai_sdk.history(alice, thread)["messages"][-1]["parts"][-1]
    assert (older["state"], older["input"]) == ("input-available", {})
