"""LangChain's `ChatOpenAI` and OpenAI's Agents SDK on `/v1`, whole and streamed, on both of OpenAI's protocols."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from chat.testing import ScriptedModel, answer
from chatproject.dev.bootstrap import ROOT
from tests.clients.python_packages import installed_python
from tests.live.client import Client

PROGRAM = Path(__file__).with_name("python_clients.py")

# Seconds for its imports and eight answers on a loaded machine.
PROGRAM_SECONDS = 120

pytestmark = pytest.mark.long


@pytest.fixture
def python() -> Path:
    """Provide the interpreter of an environment with the frameworks."""
    try:
        return installed_python(Path(os.environ.get("CHAT_DATA_DIR") or ROOT / ".data"))
    except (subprocess.SubprocessError, OSError) as problem:
        pytest.skip(f"the frameworks could not be installed: {problem}")


def test_frameworks_get_the_text_of_the_model(model: ScriptedModel, alice: Client, python: Path) -> None:
    model.script(*(answer(f"{number} ", "and more") for number in range(8)))
    token = alice.headers["Authorization"].removeprefix("Bearer ")
    command = [str(python), str(PROGRAM), f"{alice.server.url}/v1", token]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PROGRAM_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [f"{number} and more" for number in range(8)]
    sent = [[(one["role"], one["content"]) for one in request.messages] for request in model.requests]
    brief, hi = ("system", "Be brief."), ("user", "Hi")
    chain = [("user", "One"), ("assistant", "4 and more"), ("user", "Two")]
    assert sent == [[brief, hi], [hi], [hi], [hi], chain[:1], chain, [brief, hi], [brief, hi]]
