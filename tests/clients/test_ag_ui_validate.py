"""`ag-ui-validate`, the conformance validator of AG-UI, on the events of runs of every kind."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chat.testing import Call, Gate, ScriptedModel, answer, refusal, tool_round
from chat.testing.script import Script, Thought
from tests.dialects.ag_ui import AG_UI, run_input, user
from tests.live.client import Client, new_id

# Its rules against two messages of one id. A reply is one message here, and its id comes again where its text goes on behind
# thought or a tool: AG-UI's clients then join the text, and the thread holds one reply.
ONE_ID = ("AGUI101", "AGUI102", "AGUI104")
CALLS = (
    Call("calculate", '{"expression": "1+1"}', "call_1"),
    Call("calculate", "no JSON", "call_2", index=1),
)

pytestmark = pytest.mark.long


def findings(python: Path, body: bytes, off: tuple[str, ...]) -> list[Any]:
    """Return the errors and warnings that the validator finds in a recorded stream."""
    command = [str(python.with_name("ag-ui-validate")), "-", "--json"]
    switches = [word for rule in off for word in ("--off", rule)]
    done = subprocess.run([*command, *switches], input=body, capture_output=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    report = json.loads(done.stdout)
    return [one for one in report["diagnostics"] if one["severity"] != "info"]


@pytest.mark.parametrize(
    ("scripts", "off"),
    [
        ([answer("Hel", "lo")], ()),
        ([answer(Thought("Hm."), "Hello")], ()),
        ([tool_round(*CALLS), answer("2")], ()),
        ([tool_round(*CALLS, text="Wait."), answer(Thought("Hm."), "It is ", "2")], ONE_ID),
        ([answer('<artifact type="report" id="q3">Report</artifact>')], ()),
        ([refusal(401)], ()),
        ([Script([*answer("Half").steps[:1]])], ()),
    ],
    ids=[
        "text",
        "thought",
        "tools",
        "text on both sides of tools",
        "artifact",
        "failure",
        "failure with text",
    ],
)
@pytest.mark.parametrize("protocol", [{}, {"protocolVersion": "1.0"}], ids=["old", "1.0"])
def test_a_run_conforms(
    model: ScriptedModel,
    alice: Client,
    python: Path,
    scripts: list[Script],
    off: tuple[str, ...],
    protocol: dict[str, str],
) -> None:
    model.script(*scripts)
    reader = AG_UI.post(alice, run_input(new_id("t"), new_id("r"), user("Hi"), **protocol))
    assert findings(python, reader.head.read(), off) == []


def test_a_stopped_run_conforms(model: ScriptedModel, alice: Client, python: Path) -> None:
    model.script(answer("Half", Gate()))
    thread, run = new_id("t"), new_id("r")
    AG_UI.send(alice, thread=thread, run=run).until("Half").close()
    AG_UI.stop(alice, thread, run)
    assert findings(python, AG_UI.resume(alice, run, -1).head.read(), ()) == []
