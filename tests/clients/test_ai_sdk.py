"""The AI SDK's own chat on its default transport, unchanged, on `/api/ai-sdk/chat`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chat.models import ApiToken, Response
from chat.testing import Call, Gate, ScriptedModel, answer, tool_round
from chat.testing.script import Thought
from tests.clients.conftest import Program
from tests.fixtures.models import settings
from tests.live.client import Client, new_id
from tests.live.harness import END_SECONDS, eventually

PROGRAM = "ai_sdk.mjs"

# The newest version, and the oldest whose chat has this transport.
packages = pytest.mark.parametrize("package", ["ai", "ai-5"])

pytestmark = pytest.mark.long

CALL = Call("calculate", '{"expression": "6*7"}', "call_1")
ONE, TWO = ["text: One"], ["text: Two"]


def lines(output: str) -> list[Any]:
    return [json.loads(line) for line in output.splitlines()]


def shown(output: str) -> list[Any]:
    """Return the parts of the messages after each step; every step ended without an error."""
    states = lines(output)
    assert [(state["status"], state["error"]) for state in states] == [("ready", None)] * len(states)
    return [state["texts"] for state in states]


@packages
def test_a_conversation_with_thought_tools_another_answer_and_an_edit(
    model: ScriptedModel, alice: Client, program: Program, package: str
) -> None:
    calling = tool_round(CALL, text="Let me see. ")
    model.script(answer(Thought("Hm."), "1"), calling, *map(answer, ("2", "2 again", "2!", "1 again")))
    output, _ = program(PROGRAM, alice, package, new_id("t"), "talk").communicate(timeout=END_SECONDS)
    first = [ONE, ["reasoning: Hm.", "text: 1"]]
    called = ["text: Let me see. ", "tool-calculate: output-available", "text: 2"]
    assert shown(output) == [
        first,
        [*first, TWO, called],
        [*first, TWO, ["text: 2 again"]],
        [*first, ["text: Two!"], ["text: 2!"]],
        [ONE, ["text: 1 again"]],
    ]


@packages
def test_what_a_tool_writes_is_read_and_artifacts_are_named(
    model: ScriptedModel, servers: Any, make_client: Any, program: Program, package: str
) -> None:
    writer = make_client(servers.keep(**settings(model.base_url)))
    report = '<artifact type="report" id="q3"># Third quarter</artifact>'
    reciting = tool_round(Call("recite", "{}", "call_2"), text="Hear: ")
    rest = map(answer, ("Two", "Three", "Four", "Five"))
    model.script(reciting, answer("Roses"), answer(report), *rest)
    output, _ = program(PROGRAM, writer, package, new_id("t"), "talk").communicate(timeout=END_SECONDS)
    prompt, reply = shown(output)[0]
    assert prompt == ONE
    assert reply[:2] == ["text: Hear: ", "tool-recite: output-available"]
    assert reply[2].endswith("[Roses]")
    assert reply[3:] == [f"text: {report}", "data-artifact: Third quarter"]


@packages
def test_a_reloaded_chat_reads_the_running_answer_from_its_beginning(
    model: ScriptedModel, alice: Client, program: Program, package: str
) -> None:
    model.script(answer("Hel", gate := Gate(), "lo"))
    running = program(PROGRAM, alice, package, new_id("t"), "resume")
    assert running.stdout
    assert json.loads(running.stdout.readline()) == "resumed"
    gate.open()
    output, _ = running.communicate(timeout=END_SECONDS)
    assert shown(output) == [[["text: Hi"], ["text: Hello"]]] * 2
    assert len(model.requests) == 1


@packages
def test_a_stopped_chat_ends_without_an_error(
    model: ScriptedModel, alice: Client, program: Program, package: str
) -> None:
    model.script(answer("Half", Gate()))
    output, _ = program(PROGRAM, alice, package, thread := new_id("t"), "stop").communicate(
        timeout=END_SECONDS
    )
    told, state = lines(output)
    assert (told, state["texts"], state["error"]) == (
        {"status": "stopped"},
        [["text: Hi"], ["text: Half"]],
        None,
    )
    assert alice.messages(thread)[-1]["content"] == "Half"


@packages
def test_a_failure_is_told_in_its_words(
    model: ScriptedModel, alice: Client, program: Program, package: str
) -> None:
    with model.refusing():
        output, _ = program(PROGRAM, alice, package, thread := new_id("t"), "fail").communicate(
            timeout=END_SECONDS
        )
    row = Response.objects.get(thread__public_id=thread)
    assert lines(output) == [{"texts": [["text: Hi"]], "status": "error", "error": row.error_detail}]


@packages
def test_a_body_that_is_cut_off_is_no_whole_answer(
    model: ScriptedModel, alice: Client, program: Program, package: str
) -> None:
    model.script(answer("Half", gate := Gate(), " and all"))
    running = program(PROGRAM, alice, package, thread := new_id("t"), "cut")
    assert running.stdout
    assert json.loads(running.stdout.readline()) == "begun"
    token = alice.headers["Authorization"].removeprefix("Bearer ")
    ApiToken.objects.get(digest=ApiToken.digest_of(token)).delete()
    output, _ = running.communicate(timeout=END_SECONDS)
    assert lines(output) == [{"failed": True}]
    gate.open()
    eventually(Response.objects.filter(thread__public_id=thread, status="done").exists, says="it was stopped")


@packages
def test_the_messages_of_a_chat_are_valid_and_continue_it(
    model: ScriptedModel, alice: Client, program: Program, package: str
) -> None:
    model.script(tool_round(CALL, text="Let me see. "), answer(Thought("Hm."), "1"), answer("2"))
    output, _ = program(PROGRAM, alice, package, new_id("t"), "reload").communicate(timeout=END_SECONDS)
    valid, loaded, continued = lines(output)
    assert valid == {"success": True, "error": None}
    called = ["reasoning: Hm.", "text: Let me see. ", "tool-calculate: output-available", "text: 1"]
    assert loaded["texts"] == [["text: Hi"], called]
    assert continued["texts"] == [["text: Hi"], called, TWO, ["text: 2"]]


@packages
def test_a_picture_is_sent_once_and_shown_to_the_model(
    model: ScriptedModel, alice: Client, program: Program, package: str
) -> None:
    output, _ = program(PROGRAM, alice, package, thread := new_id("t"), "picture").communicate(
        timeout=END_SECONDS
    )
    assert len(shown(output)[0]) == 4
    prompt, _, second, _ = alice.messages(thread)
    assert [part["type"] for part in prompt["content"]] == ["image_url", "text"]
    assert second["content"] == "And?"
