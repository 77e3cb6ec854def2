"""LiteLLM, and Simon Willison's command `llm`, unchanged, on `/v1`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from chat.testing import Call, ScriptedModel, answer, refusal, tool_round
from tests.live.client import Client

# Seconds for the imports of LiteLLM and six answers on a loaded machine.
PROGRAM_SECONDS = 120

pytestmark = pytest.mark.long


def token_of(user: Client) -> str:
    return user.headers["Authorization"].removeprefix("Bearer ")


def run(*command: str, **environ: str) -> str:
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=PROGRAM_SECONDS,
        check=False,
        env={"PATH": "/usr/bin:/bin", **environ},
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_litellm_gets_text_usage_calls_and_errors(model: ScriptedModel, alice: Client, python: Path) -> None:
    model.script(
        answer("Hel", "lo", usage=(11, 7)),
        answer("Hel", "lo"),
        tool_round(Call("add", "{}")),
        answer("It is 5."),
        refusal(401),
    )
    program = str(Path(__file__).with_name("litellm_client.py"))
    got = json.loads(run(str(python), program, f"{alice.server.url}/v1", token_of(alice)))
    assert got == ["Hello", 18, "Hello", "add", "It is 5.", 502]
    assert [one["role"] for one in model.requests[3].messages] == ["user", "assistant", "tool"]


def test_llm_answers_a_prompt_and_goes_on_with_the_conversation(
    model: ScriptedModel, alice: Client, python: Path, tmp_path: Path
) -> None:
    model.script(answer("Hel", "lo"), answer("1"), answer("2"))
    settings = {"model_id": "here", "model_name": "c1", "api_base": f"{alice.server.url}/v1"}
    settings["api_key_name"] = "here"
    (tmp_path / "extra-openai-models.yaml").write_text(json.dumps([settings]))
    program = str(python.with_name("llm"))
    environ = {"LLM_USER_PATH": str(tmp_path), "HOME": str(tmp_path)}
    run(program, "keys", "set", "here", "--value", token_of(alice), **environ)
    assert run(program, "-m", "here", "--no-stream", "Hi", **environ) == "Hello\n"
    assert run(program, "-m", "here", "-s", "Be brief.", "One", **environ) == "1\n"
    assert run(program, "--continue", "Two", **environ) == "2\n"
    sent = [(one["role"], one["content"]) for one in model.requests[-1].messages]
    assert sent == [("system", "Be brief."), ("user", "One"), ("assistant", "1"), ("user", "Two")]
