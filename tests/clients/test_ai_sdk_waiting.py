"""The AI SDK's own chat with responses that wait: approvals, tools of the page, and a version that knows no approvals."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.models import Response
from chat.testing import ScriptedModel
from tests.clients.conftest import Program
from tests.clients.test_ai_sdk import PROGRAM, lines, packages, shown
from tests.dialects import waiting
from tests.live.client import Client, new_id
from tests.live.harness import END_SECONDS, LiveServer

pytestmark = pytest.mark.long


@pytest.fixture
def server(live: None, servers: Any) -> LiveServer:
    return servers.keep(**waiting.SETTINGS)  # type: ignore[no-any-return]


def test_a_reloaded_page_approves_a_call_and_reads_on(
    model: ScriptedModel, alice: Client, program: Program
) -> None:
    waiting.script(model, waiting.PAY)
    output, _ = program(PROGRAM, alice, "ai", new_id("t"), "approve").communicate(timeout=END_SECONDS)
    asked, done, valid = lines(output)
    assert asked["texts"][-1] == ["text: So: ", "tool-pay: approval-requested"]
    assert done["texts"][-1] == ["text: So: ", "tool-pay: output-available", "text: Done."]
    assert valid == {"success": True, "error": None}
    assert ("paid 5" in waiting.result(model), len(model.requests)) == (True, 2)


@packages
def test_a_tool_of_the_page_is_called_once_and_its_output_goes_on(
    model: ScriptedModel, alice: Client, program: Program, package: str
) -> None:
    waiting.script(model, waiting.LOOK)
    output, _ = program(PROGRAM, alice, package, new_id("t"), "tool").communicate(timeout=END_SECONDS)
    assert shown(output)[-1][-1] == ["text: So: ", "tool-look: output-available", "text: Done."]
    assert (waiting.result(model), len(model.requests)) == ("Rome is blue", 2)


def test_a_version_without_approvals_ends_well_and_resumes_once_it_was_answered_elsewhere(
    model: ScriptedModel, alice: Client, program: Program
) -> None:
    waiting.script(model, waiting.PAY)
    running = program(PROGRAM, alice, "ai-5", thread := new_id("t"), "waits")
    assert running.stdout
    assert json.loads(running.stdout.readline())["error"] is None
    waiting.answer_elsewhere(alice, Response.objects.get(thread__public_id=thread).public_id)
    output, _ = running.communicate("go on\n", timeout=END_SECONDS)
    assert shown(output)[-1][-1][-1] == "text: Done."
