"""The official `openai` client for Node on `/v1`: answers, its loop of tools, resuming, stopping and errors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.models import Response
from chat.testing import Call, Gate, ScriptedModel, answer, refusal, tool_round
from tests.clients.conftest import Program
from tests.clients.test_ag_ui import lines
from tests.live.client import Client, new_id
from tests.live.harness import END_SECONDS

PROGRAM = "openai_node.mjs"

pytestmark = pytest.mark.long


def said(program: Program, user: Client, *arguments: str) -> list[Any]:
    return lines(program(PROGRAM, user, *arguments).communicate(timeout=END_SECONDS)[0])


def test_answers_are_whole_and_streamed(model: ScriptedModel, alice: Client, program: Program) -> None:
    model.script(answer("Hel", "lo"), answer("Hel", "lo"))
    assert said(program, alice, "talk") == [["Hello", "stop"], "Hello"]


@pytest.mark.parametrize("mode", ["whole", "stream"])
def test_its_loop_makes_the_calls(model: ScriptedModel, alice: Client, program: Program, mode: str) -> None:
    model.script(tool_round(Call("add", '{"left": 2, "right": 3}')), answer("It is 5."))
    final, messages = said(program, alice, "tools", mode)
    assert final == "It is 5."
    assert [role for role, _ in messages] == ["user", "assistant", "tool", "assistant"]
    assert messages[2][1] == "5"


def test_a_response_is_resumed_behind_a_mark(model: ScriptedModel, alice: Client, program: Program) -> None:
    model.script(answer("Grö", gate := Gate(), "ße"))
    running = program(PROGRAM, alice, "resume")
    assert running.stdout
    assert json.loads(running.stdout.readline()) == "Grö"
    gate.open()
    output, _ = running.communicate(timeout=END_SECONDS)
    assert lines(output) == [["Größe", "Größe"]]


def test_a_response_is_cancelled(model: ScriptedModel, alice: Client, program: Program) -> None:
    model.script(answer("Half", Gate()))
    assert said(program, alice, "cancel") == ["cancelled"]


def test_failures_and_foreign_responses_are_its_own_errors(
    model: ScriptedModel, alice: Client, bob: Client, program: Program
) -> None:
    alice.chat(response=(foreign := new_id("r")))
    model.script(refusal(401))
    failure, unknown = said(program, bob, "failing", foreign)
    assert failure == [502, "server_error", "model_failed"]
    assert unknown == [404, "invalid_request_error"]
    assert Response.objects.get(public_id=foreign).status == "done"
