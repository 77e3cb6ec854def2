"""AG-UI's interrupts and frontend tools: a run ends where the response waits, and the next run goes on."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import ScriptedModel
from tests.dialects import waiting
from tests.dialects.ag_ui import AG_UI, PATH, get, run_input, snapshot_of, user
from tests.live.client import Client, Json, new_id

V1 = {"protocolVersion": "1.0"}
APPROVED = {"approved": True}


@pytest.fixture
def server(live: None, servers: Any) -> Any:
    return servers.keep(**waiting.SETTINGS)


def asked(client: Client, **more: Any) -> tuple[str, str, list[Json]]:
    """Send a prompt; return the thread, the run and the events of its body, which must be a whole one."""
    thread, run = new_id("t"), new_id("run")
    reader = AG_UI.post(client, run_input(thread, run, user("Hi"), **{**V1, **more}))
    return thread, run, [event.data for event in reader.to_end()]


def interrupts(events: list[Json]) -> list[Json]:
    outcome = events[-1]["outcome"]
    assert outcome["type"] == "interrupt"
    return list(outcome["interrupts"])


def go_on(client: Client, thread: str, *messages: Json, **more: Any) -> list[Json]:
    body = run_input(thread, new_id("run"), *messages, **V1, **more)
    return [event.data for event in AG_UI.post(client, body).to_end()]


def resume(interrupt: Json, payload: Any = None, status: str = "resolved") -> list[Json]:
    return [{"interruptId": interrupt["id"], "status": status, "payload": payload}]


def kinds(events: list[Json]) -> list[str]:
    return [event["type"] for event in events]


def test_an_interrupt_ends_the_run_and_the_next_one_goes_on_behind_it(
    model: ScriptedModel, alice: Client
) -> None:
    waiting.script(model, waiting.PAY)
    thread, run, events = asked(alice)
    AG_UI.assert_grammar(events, open_calls=["call_pay"])
    [interrupt] = interrupts(events)
    assert (interrupt["reason"], interrupt["toolCallId"]) == ("tool_call", "call_pay")
    assert interrupt["metadata"] == {"kind": "approval", "toolName": "pay", "input": {"amount": 5}}
    assert interrupt["responseSchema"]["required"] == ["approved"]
    rest = go_on(alice, thread, resume=resume(interrupt, APPROVED))
    AG_UI.assert_grammar(rest, called=["call_pay"])
    assert rest[0]["runId"] != run
    assert {event["messageId"] for event in rest if event["type"].startswith("TEXT")} == {run}
    assert rest[-1]["outcome"] == {"type": "success"}
    assert "paid 5" in waiting.result(model)


@pytest.mark.parametrize(
    ("payload", "status", "said"),
    [
        ({"approved": False}, "resolved", "rejected"),
        (None, "cancelled", "rejected"),
        ({"approved": True, "editedArgs": {"amount": 3}}, "resolved", "paid 3"),
    ],
    ids=["denied", "cancelled", "edited"],
)
def test_an_answer_says_no_or_changes_the_arguments(
    model: ScriptedModel, alice: Client, payload: Any, status: str, said: str
) -> None:
    waiting.script(model, waiting.PAY)
    thread, _, events = asked(alice)
    go_on(alice, thread, resume=resume(interrupts(events)[0], payload, status))
    assert said in waiting.result(model)


def test_a_form_is_an_interrupt_with_its_schema(model: ScriptedModel, alice: Client) -> None:
    waiting.script(model, waiting.BOOK)
    thread, _, events = asked(alice)
    [interrupt] = interrupts(events)
    assert (interrupt["reason"], interrupt["message"]) == ("input_required", "For whom in Lisbon?")
    assert interrupt["responseSchema"]["required"] == ["guests", "day"]
    bad = run_input(thread, new_id("run"), **V1, resume=resume(interrupt, {"guests": 0}))
    assert alice.http.post(PATH, json=bad).json()["code"] == "bad_request"
    go_on(alice, thread, resume=resume(interrupt, waiting.FORM))
    assert "booked for 2 in Lisbon" in waiting.result(model)


def test_a_frontend_tool_is_called_with_its_arguments_and_its_result_goes_on(
    model: ScriptedModel, alice: Client
) -> None:
    waiting.script(model, waiting.LOOK)
    thread, run, events = asked(alice, tools=[waiting.LOOK_TOOL])
    arguments = [event["delta"] for event in events if event["type"] == "TOOL_CALL_ARGS"]
    assert arguments == ['{"town":"Rome"}']
    assert events[-1]["outcome"] == {"type": "success", "pendingToolCallIds": ["call_look"]}
    result = {"id": new_id("m"), "role": "tool", "toolCallId": "call_look", "content": "blue"}
    rest = go_on(alice, thread, user("Hi"), result)
    assert "TOOL_CALL_RESULT" not in kinds(rest)
    assert waiting.result(model) == "blue"
    assert alice.response(run)["status"] == "done"


def test_an_older_client_gets_an_end_without_an_outcome(model: ScriptedModel, alice: Client) -> None:
    waiting.script(model, waiting.PAY)
    _, run, events = asked(alice, protocolVersion=None)
    assert (kinds(events)[-1], "outcome" in events[-1]) == ("RUN_FINISHED", False)
    waiting.answer_elsewhere(alice, run)
    alice.wait_until(run, "done")
    AG_UI.assert_grammar(AG_UI.resume(alice, run, -1).events_to_end())


def test_the_mark_of_an_end_that_waits_resumes_at_what_follows(model: ScriptedModel, alice: Client) -> None:
    waiting.script(model, waiting.PAY)
    thread, run = new_id("t"), new_id("run")
    waits = AG_UI.send(alice, thread=thread, run=run).to_end()
    marks = [event.mark for event in waits]
    assert marks == sorted(set(marks))
    assert AG_UI.resume(alice, run, marks[-1]).to_end()[-1].mark == marks[-1]
    waiting.answer_elsewhere(alice, run)
    alice.wait_until(run, "done")
    whole = AG_UI.resume(alice, run, -1).to_end()
    for mark in (*marks[-2:], marks[-1] + 1):
        assert AG_UI.resume(alice, run, mark).to_end() == [event for event in whole if event.mark > mark]


def test_a_page_that_comes_back_learns_what_the_thread_waits_for(model: ScriptedModel, alice: Client) -> None:
    waiting.script(model, waiting.PAY)
    thread, run, events = asked(alice)
    assert get(alice, threadId=thread).json()["interrupts"] == {"runId": run, "pending": interrupts(events)}
    body = {"threadId": thread, "runId": new_id("run"), **V1}
    connected = AG_UI.post(alice, body, path=f"{PATH}/agent/default/connect").events_to_end()
    assert snapshot_of(connected)[-1]["content"] == "So: "
    assert interrupts(connected) == interrupts(events)
    waiting.answer_elsewhere(alice, run)
    alice.wait_until(run, "done")
    assert get(alice, threadId=thread).json()["interrupts"] is None


def test_another_users_interrupt_is_an_unknown_one(model: ScriptedModel, alice: Client, bob: Client) -> None:
    waiting.script(model, waiting.PAY)
    thread, _, events = asked(alice)
    for who, interrupt in ((bob, interrupts(events)[0]), (alice, {"id": "unknown"})):
        body = run_input(thread, new_id("run"), **V1, resume=resume(interrupt, APPROVED))
        refused = who.http.post(PATH, json=body)
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_request")


def test_the_same_resume_again_is_taken_and_another_is_not(model: ScriptedModel, alice: Client) -> None:
    waiting.script(model, waiting.PAY)
    thread, _, events = asked(alice)
    [interrupt] = interrupts(events)
    first, again = (go_on(alice, thread, resume=resume(interrupt, APPROVED)) for _ in range(2))
    assert kinds(again)[-1] == kinds(first)[-1] == "RUN_FINISHED"
    assert len(model.requests) == 2
    denied = run_input(thread, new_id("run"), **V1, resume=resume(interrupt, {"approved": False}))
    assert alice.http.post(PATH, json=denied).status_code == 409


def test_a_run_that_answers_one_of_two_ends_with_the_other(model: ScriptedModel, alice: Client) -> None:
    waiting.script(model, waiting.PAY, waiting.TRANSFER)
    thread, _, events = asked(alice)
    pay, transfer = interrupts(events)
    half = go_on(alice, thread, resume=resume(pay, APPROVED))
    assert (kinds(half), interrupts(half)) == (["RUN_STARTED", "RUN_FINISHED"], [transfer])
    rest = go_on(alice, thread, resume=resume(transfer, {"approved": False}))
    AG_UI.assert_grammar(rest, called=["call_pay", "call_transfer"])
    assert "paid 5" in waiting.results(model)
    assert "rejected" in waiting.results(model)


def test_an_approval_and_a_frontend_tool_are_answered_together(model: ScriptedModel, alice: Client) -> None:
    waiting.script(model, waiting.PAY, waiting.LOOK_TOO)
    thread, _, events = asked(alice, tools=[waiting.LOOK_TOOL])
    [interrupt] = interrupts(events)
    result = {"id": new_id("m"), "role": "tool", "toolCallId": "call_look", "content": "blue"}
    rest = go_on(alice, thread, user("Hi"), result, resume=resume(interrupt, APPROVED))
    assert rest[-1]["outcome"] == {"type": "success"}
    assert "paid 5" in waiting.results(model)
    assert "blue" in waiting.results(model)
