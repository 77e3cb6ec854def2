"""The AI SDK's `TextStreamChatTransport`, unchanged, on `POST /api/response`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.testing import Gate, ScriptedModel, answer
from tests.clients.conftest import Program
from tests.live.client import Client, new_id
from tests.live.harness import END_SECONDS

PROGRAM = "text_transport.mjs"

# The newest version, and the oldest whose chat has this transport.
PACKAGES = ["ai", "ai-5"]

pytestmark = pytest.mark.long


def shown(output: str) -> list[Any]:
    """Return the texts after each step; every step ended without an error."""
    states = [json.loads(line) for line in output.splitlines()]
    assert [(state["status"], state["error"]) for state in states] == [("ready", None)] * len(states)
    return [state["texts"] for state in states]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_conversation_with_another_answer_and_an_edit(
    model: ScriptedModel, alice: Client, program: Program, package: str
) -> None:
    model.script(*(answer(words) for words in ("1", "2", "2 again", "2!", "3", "1 again")))
    output, _ = program(PROGRAM, alice, package, thread := new_id("t"), "talk").communicate(
        timeout=END_SECONDS
    )
    assert shown(output) == [
        ["One", "1"],
        ["One", "1", "Two", "2"],
        ["One", "1", "Two", "2 again"],
        ["One", "1", "Two!", "2!"],
        ["One", "1", "Two!", "2!", "Three", "3"],
        ["One", "1 again"],
    ]
    prompts = [request.json["prompt"].split("<|endoftext|>") for request in model.requests]
    assert [len(prompt) - 1 for prompt in prompts] == [1, 3, 3, 3, 5, 1]
    assert [message["content"] for message in alice.messages(thread)] == ["One", "1 again"]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_reloaded_chat_reads_the_running_answer_from_its_beginning(
    model: ScriptedModel, alice: Client, program: Program, package: str
) -> None:
    gate = Gate()
    model.script(answer("Hel", gate, "lo"))
    running = program(PROGRAM, alice, package, new_id("t"), "resume")
    assert running.stdout
    assert json.loads(running.stdout.readline()) == "resumed"
    gate.open()
    output, _ = running.communicate(timeout=END_SECONDS)
    assert shown(output) == [["Hi", "Hello"]] * 3
    assert len(model.requests) == 1
