"""The AI SDK's `useChat` and assistant-ui's two runtimes, unchanged, on `/api/ai-sdk/chat`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.models import ApiToken, Response
from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from chat.testing.script import Thought
from tests.clients.conftest import Program
from tests.live.client import Client, new_id
from tests.live.harness import eventually

PROGRAM = "react_chat.mjs"

# Seconds for a program: it loads React and assistant-ui first, which takes several on a busy machine.
SECONDS = 60.0

runtimes = pytest.mark.parametrize("runtime", ["runtime", "stream"])

pytestmark = pytest.mark.long

CALLING = tool_round(Call("calculate", '{"expression": "6*7"}', "call_1"), text="Let me see. ")
ONE, TWO, FIRST = ["text: One"], ["text: Two"], ["reasoning: Hm.", "text: 1"]


def lines(output: str) -> list[Any]:
    return [json.loads(line) for line in output.splitlines()]


def test_a_conversation_with_use_chat(model: ScriptedModel, alice: Client, program: Program) -> None:
    model.script(answer(Thought("Hm."), "1"), CALLING, answer("2"), answer("2 again"))
    output, _ = program(PROGRAM, alice, new_id("t"), "hook").communicate(timeout=SECONDS)
    called = ["text: Let me see. ", "tool-calculate: output-available", "text: 2"]
    assert lines(output) == [[ONE, FIRST], [ONE, FIRST, TWO, called], [ONE, FIRST, TWO, ["text: 2 again"]]]


def test_use_chat_resumes_after_a_reload(model: ScriptedModel, alice: Client, program: Program) -> None:
    model.script(answer("Hel", gate := Gate(), "lo"))
    running = program(PROGRAM, alice, new_id("t"), "resume")
    assert running.stdout
    assert json.loads(running.stdout.readline()) == "resumed"
    gate.open()
    output, _ = running.communicate(timeout=SECONDS)
    assert lines(output) == [[["text: Hi"], ["text: Hello"]]] * 2
    assert len(model.requests) == 1


@runtimes
def test_a_conversation_with_an_edit_and_another_answer(
    model: ScriptedModel, alice: Client, program: Program, runtime: str
) -> None:
    model.script(answer(Thought("Hm."), "1"), CALLING, *map(answer, ("2", "2!", "2! again")))
    output, _ = program(PROGRAM, alice, new_id("t"), runtime).communicate(timeout=SECONDS)
    called = ["text: Let me see. ", 'tool-calculate: {"state":"done"}', "text: 2"]
    edited = ["text: Two!"]
    assert lines(output) == [
        [ONE, FIRST],
        [ONE, FIRST, TWO, called],
        [ONE, FIRST, edited, ["text: 2!"]],
        [ONE, FIRST, edited, ["text: 2! again"]],
    ]
    thread = Response.objects.filter(owner__username=alice.username).latest("pk").thread
    contents = [message["content"] for message in alice.messages(thread.public_id)]
    assert contents == ["One", "1", "Two!", "2! again"]
    assert Response.objects.filter(owner__username=alice.username).count() == 4


@runtimes
def test_a_body_that_is_cut_off_is_an_error(
    model: ScriptedModel, alice: Client, program: Program, runtime: str
) -> None:
    model.script(answer("Half", gate := Gate(), " and all"))
    running = program(PROGRAM, alice, new_id("t"), f"{runtime}-cut")
    assert running.stdout
    assert json.loads(running.stdout.readline()) == "begun"
    token = alice.headers["Authorization"].removeprefix("Bearer ")
    ApiToken.objects.get(digest=ApiToken.digest_of(token)).delete()
    output, _ = running.communicate(timeout=SECONDS)
    (status,) = lines(output)
    assert (status["type"], status["reason"]) == ("incomplete", "error")
    gate.open()
    done = Response.objects.filter(owner__username=alice.username, status="done")
    eventually(done.exists, says="it was stopped")
