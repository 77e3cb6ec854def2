"""TanStack AI's chat client, unchanged, on `/api/ag-ui`: it resumes by itself, and finds a running answer again."""

from __future__ import annotations

import json

import pytest

from chat.testing import Gate, ScriptedModel, answer
from tests.clients.conftest import Program
from tests.clients.test_ag_ui import lines
from tests.contract.expect import pieces_of
from tests.dialects.ag_ui import AG_UI
from tests.live.client import Client, new_id
from tests.live.harness import END_SECONDS, eventually

PROGRAM = "tanstack.mjs"

pytestmark = pytest.mark.long


def test_a_conversation_sends_only_what_is_new(model: ScriptedModel, alice: Client, program: Program) -> None:
    model.script(answer("1"), answer("2"))
    output, _ = program(PROGRAM, alice, thread := new_id("t"), "talk").communicate(timeout=END_SECONDS)
    first = [["user", "One"], ["assistant", "1"]]
    assert lines(output) == [first, [*first, ["user", "Two"], ["assistant", "2"]]]
    assert [one["content"] for one in alice.messages(thread)] == ["One", "1", "Two", "2"]


def test_cuts_are_resumed_by_the_client_itself(model: ScriptedModel, alice: Client, program: Program) -> None:
    text = "Größe: 🍎. " * 30
    model.script(answer(*pieces_of(text)))
    output, _ = program(PROGRAM, alice, new_id("t"), "cut").communicate(timeout=END_SECONDS)
    assert lines(output) == [{"shown": [["user", "One"], ["assistant", text]], "resumed": True}]
    assert len(model.requests) == 1


def test_a_reloaded_page_joins_the_running_answer(
    model: ScriptedModel, alice: Client, program: Program
) -> None:
    model.script(answer("Half", gate := Gate(), " and all"))
    thread = new_id("t")
    AG_UI.send(alice, "One", thread=thread, run=new_id("r")).until("Half").close()
    eventually(lambda: alice.messages(thread)[-1]["content"] == "Half")
    running = program(PROGRAM, alice, thread, "reload")
    assert running.stdout
    assert json.loads(running.stdout.readline()) == "joined"
    gate.open()
    output, _ = running.communicate(timeout=END_SECONDS)
    assert lines(output) == [[["user", "One"], ["assistant", "Half and all"]]]
