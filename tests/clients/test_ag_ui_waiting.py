"""AG-UI's `HttpAgent` with responses that wait: interrupts, and tools of the page."""

from __future__ import annotations

from typing import Any

import pytest

from chat.testing import ScriptedModel
from tests.clients.conftest import Program
from tests.clients.test_ag_ui import PROGRAM, lines
from tests.dialects import waiting
from tests.live.client import Client, new_id
from tests.live.harness import END_SECONDS, LiveServer

pytestmark = pytest.mark.long


@pytest.fixture
def server(live: None, servers: Any) -> LiveServer:
    return servers.keep(**waiting.SETTINGS)  # type: ignore[no-any-return]


def test_an_interrupt_is_resolved_and_the_reply_goes_on(
    model: ScriptedModel, alice: Client, program: Program
) -> None:
    waiting.script(model, waiting.PAY)
    output, _ = program(PROGRAM, alice, new_id("t"), "interrupt").communicate(timeout=END_SECONDS)
    asked, pending, shown = lines(output)
    assert (asked, pending) == ([["tool_call", {"amount": 5}]], [])
    assert shown == [["user", "Pay"], ["assistant", "So: Done."], ["tool", ""]]
    assert "paid 5" in waiting.result(model)


def test_a_tool_of_the_page_is_called_and_its_result_goes_on(
    model: ScriptedModel, alice: Client, program: Program
) -> None:
    waiting.script(model, waiting.LOOK)
    output, _ = program(PROGRAM, alice, new_id("t"), "tool").communicate(timeout=END_SECONDS)
    [shown] = lines(output)
    assert shown == [["user", "Look"], ["assistant", "So: Done."], ["tool", "Rome is blue"]]
    assert waiting.result(model) == "Rome is blue"
