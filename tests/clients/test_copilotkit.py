"""CopilotKit's runtime client, unchanged, on `/api/ag-ui` by both of its transports."""

from __future__ import annotations

import json

import pytest

from chat.testing import Gate, ScriptedModel, answer
from tests.clients.conftest import Program
from tests.clients.test_ag_ui import lines
from tests.dialects.ag_ui import AG_UI, run_input, user
from tests.live.client import Client, new_id
from tests.live.harness import END_SECONDS

PROGRAM = "copilotkit.mjs"

pytestmark = [pytest.mark.long, pytest.mark.parametrize("transport", ["rest", "single"])]


def test_a_conversation_is_found_again(
    model: ScriptedModel, alice: Client, program: Program, transport: str
) -> None:
    model.script(answer("1"))
    talk = program(PROGRAM, alice, transport, new_id("t"), "talk")
    agents, *states = lines(talk.communicate(timeout=END_SECONDS)[0])
    assert agents == ["default", *alice.get("/api/session").json()["models"]]
    assert states == [[["user", "One"], ["assistant", "1"]]] * 2


def test_its_stop_button_stops_the_run(
    model: ScriptedModel, alice: Client, program: Program, transport: str
) -> None:
    model.script(answer("Half", Gate()))
    stopped = program(PROGRAM, alice, transport, thread := new_id("t"), "stop")
    assert lines(stopped.communicate(timeout=END_SECONDS)[0]) == [[["user", "One"], ["assistant", "Half"]]]
    assert alice.messages(thread)[-1]["status"] == "stopped"


def test_a_running_thread_is_connected_to(
    model: ScriptedModel, alice: Client, program: Program, transport: str
) -> None:
    model.script(answer("Half", gate := Gate(), " and all"))
    thread, run = new_id("t"), new_id("r")
    AG_UI.post(alice, run_input(thread, run, user("One"))).until("Half").close()
    running = program(PROGRAM, alice, transport, thread, "connect")
    assert running.stdout
    assert json.loads(running.stdout.readline()) == "connected"
    gate.open()
    output, _ = running.communicate(timeout=END_SECONDS)
    assert lines(output) == [[["user", "One"], ["assistant", "Half and all"]]]
