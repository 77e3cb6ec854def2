"""Durable Streams' own client, unchanged, reads the text of responses at `/v1/streams`."""

from __future__ import annotations

import json

import pytest

from chat.testing import Gate, ScriptedModel, answer
from tests.clients.conftest import Program
from tests.clients.test_ag_ui import lines
from tests.contract.expect import pieces_of
from tests.live.client import Client, Json, new_id
from tests.live.harness import END_SECONDS
from tests.live.transports import C1

PROGRAM = "durable_streams.mjs"
TEXT = "Größe: 🍎.\n\n data: x\n" * 40

pytestmark = pytest.mark.long


def whole(text: str) -> Json:
    return {"text": text, "offset": f"{len(TEXT.encode()):016}", "closed": True}


@pytest.mark.parametrize("mode", ["false", "long-poll", "sse"])
def test_an_ended_response_is_replayed_from_any_offset(
    model: ScriptedModel, alice: Client, program: Program, mode: str
) -> None:
    model.script(answer(*pieces_of(TEXT)))
    alice.chat(response=(response := new_id("r")))
    for offset, text in (("-1", TEXT), (f"{4:016}", TEXT[3:])):
        output, _ = program(PROGRAM, alice, response, mode, offset).communicate(timeout=END_SECONDS)
        assert lines(output)[-1] == whole(text)


@pytest.mark.parametrize(("mode", "cut"), [("long-poll", 0), ("sse", 0), ("sse", 2)])
def test_a_running_response_is_followed_to_its_end(
    model: ScriptedModel, alice: Client, program: Program, mode: str, cut: int
) -> None:
    gates = [Gate() for _ in range(4)]
    parts = [TEXT[:100], TEXT[100:101], TEXT[101:300], TEXT[300:600], TEXT[600:]]
    model.script(answer(parts[0], *(each for pair in zip(gates, parts[1:], strict=True) for each in pair)))
    C1.send(alice, response=(response := new_id("r"))).until(parts[0]).close()
    running = program(PROGRAM, alice, response, mode, "-1", str(cut))
    assert running.stdout
    for number, gate in enumerate(gates, 1):
        while json.loads(running.stdout.readline()) < len("".join(parts[:number]).encode()):
            pass
        gate.open()
    output, _ = running.communicate(timeout=END_SECONDS)
    assert lines(output)[-1] == whole(TEXT)


def test_another_users_response_is_not_found(
    model: ScriptedModel, alice: Client, bob: Client, program: Program
) -> None:
    alice.chat(response=(response := new_id("r")))
    output, _ = program(PROGRAM, bob, response, "sse", "-1").communicate(timeout=END_SECONDS)
    assert lines(output) == [{"status": 404}]
