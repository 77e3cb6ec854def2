"""AG-UI's `HttpAgent`, unchanged, on `/api/ag-ui`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.models import ApiToken, Response
from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from chat.testing.script import Thought
from tests.clients.conftest import Program
from tests.live.client import Client, new_id
from tests.live.harness import END_SECONDS, eventually

PROGRAM = "ag_ui.mjs"

pytestmark = pytest.mark.long


def lines(output: str) -> list[Any]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_conversation_with_thought_tools_and_another_answer(
    model: ScriptedModel, alice: Client, program: Program
) -> None:
    calls = tool_round(Call("calculate", '{"expression": "6*7"}', "call_1"), text="Let me see. ")
    model.script(answer(Thought("Hm."), "1"), calls, answer("2"), answer("Two again"))
    output, _ = program(PROGRAM, alice, thread := new_id("t"), "talk").communicate(timeout=END_SECONDS)
    first = [["user", "One"], ["reasoning", "Hm."], ["assistant", "1"]]
    second = [["user", "Two"], ["assistant", "Let me see. 2"], ["tool", ""]]
    again = [["user", "Two"], ["assistant", "Two again"]]
    assert lines(output) == [first, first + second, first + again]
    assert [one["content"] for one in alice.messages(thread)] == ["One", "1", "Two", "Two again"]


def test_a_reloaded_page_gets_a_snapshot_and_the_rest(
    model: ScriptedModel, alice: Client, program: Program
) -> None:
    model.script(answer("Half", gate := Gate(), " and all"))
    running = program(PROGRAM, alice, new_id("t"), "reload")
    assert running.stdout
    assert json.loads(running.stdout.readline()) == "reloaded"
    gate.open()
    output, _ = running.communicate(timeout=END_SECONDS)
    assert lines(output) == [[["user", "One"], ["assistant", "Half and all"]]] * 2
    assert len(model.requests) == 1


def test_artifacts_are_told_by_a_custom_event(model: ScriptedModel, alice: Client, program: Program) -> None:
    model.script(answer('Here: <artifact type="report" id="q3"># Third quarter</artifact>'))
    output, _ = program(PROGRAM, alice, thread := new_id("t"), "artifacts").communicate(timeout=END_SECONDS)
    (listed,) = alice.get(f"/api/threads/{thread}/artifacts").json()["artifacts"]
    del listed["createdAt"]
    assert lines(output) == [[["artifact", listed]]]


def test_a_failure_is_told_by_its_code(model: ScriptedModel, alice: Client, program: Program) -> None:
    with model.refusing():
        output, _ = program(PROGRAM, alice, new_id("t"), "fail").communicate(timeout=END_SECONDS)
    assert lines(output) == ["unavailable"]


def test_a_body_that_is_cut_off_is_no_whole_answer(
    model: ScriptedModel, alice: Client, program: Program
) -> None:
    model.script(answer("Half", gate := Gate(), " and all"))
    running = program(PROGRAM, alice, thread := new_id("t"), "cut")
    assert running.stdout
    assert json.loads(running.stdout.readline()) == "begun"
    token = alice.headers["Authorization"].removeprefix("Bearer ")
    ApiToken.objects.get(digest=ApiToken.digest_of(token)).delete()
    output, _ = running.communicate(timeout=END_SECONDS)
    assert lines(output) == ["failed"]
    gate.open()
    eventually(lambda: Response.objects.filter(thread__public_id=thread, status="done").exists())
