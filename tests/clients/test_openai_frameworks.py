"""LangChain's `ChatOpenAI` and OpenAI's Agents SDK on `/v1`, whole and streamed, on both of OpenAI's protocols."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.live.client import Client

PROGRAM = Path(__file__).with_name("python_clients.py")

# Seconds for its imports and eight answers on a loaded machine.
PROGRAM_SECONDS = 120

pytestmark = pytest.mark.long


def test_frameworks_get_the_text_of_the_model(model: ScriptedModel, alice: Client, python: Path) -> None:
    calls = tool_round(Call("add", '{"left": 2, "right": 3}'))
    texts = [answer(f"{number} ", "and more") for number in range(8)]
    model.script(*texts, calls, answer("It is 5."), calls)
    token = alice.headers["Authorization"].removeprefix("Bearer ")
    command = [str(python), str(PROGRAM), f"{alice.server.url}/v1", token]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PROGRAM_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    *got, answered, streamed = json.loads(done.stdout)
    assert got == [f"{number} and more" for number in range(8)]
    assert (answered, streamed) == ("It is 5.", [["add", {"left": 2, "right": 3}]])
    *requests, _, round_of_tools, _ = model.requests
    assert [(one["role"], one["content"]) for one in round_of_tools.messages][1:] == [
        ("assistant", None),
        ("tool", "5"),
    ]
    sent = [[(one["role"], one["content"]) for one in request.messages] for request in requests]
    brief, hi = ("system", "Be brief."), ("user", "Hi")
    chain = [("user", "One"), ("assistant", "4 and more"), ("user", "Two")]
    assert sent == [[brief, hi], [hi], [hi], [hi], chain[:1], chain, [brief, hi], [brief, hi]]
