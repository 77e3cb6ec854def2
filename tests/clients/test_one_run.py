"""The moonshot: five official clients, unchanged, on one run, each with the same text at the same place of one log."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable

import pytest
from openai import OpenAI

from chat.testing import Gate, ScriptedModel, answer
from tests.clients.conftest import Program
from tests.clients.test_ag_ui import lines
from tests.live.client import Client, WebSocketClient
from tests.live.harness import END_SECONDS
from tests.live.transports import SOCKET

PIECES = ("Grö", "ße: ", "🍎.")
TEXT = "".join(PIECES)
# Bytes ahead of the last piece.
PLACE = len("".join(PIECES[:2]).encode())

pytestmark = pytest.mark.long


def told(program: subprocess.Popen[str], text: str) -> None:
    """Read what a program tells until it has this text."""
    assert program.stdout
    seen: list[str] = []
    while not seen or seen[-1] != text:
        line = program.stdout.readline()
        assert line, f"it ended after {seen}, before {text!r}"
        seen.append(json.loads(line))
        assert text.startswith(seen[-1]), seen


def test_five_clients_share_one_run(
    model: ScriptedModel, alice: Client, connect_openai: Callable[[Client], OpenAI], program: Program
) -> None:
    gates = [Gate(), Gate()]
    model.script(answer(PIECES[0], gates[0], PIECES[1], gates[1], PIECES[2], Gate(), "never"))
    client = connect_openai(alice)
    begun = client.responses.create(model="c1", input="Hi", background=True)
    run, thread = begun.id, begun.conversation.id  # type: ignore[union-attr]

    copilotkit = program("copilotkit.mjs", alice, "rest", thread, "follow")
    told(copilotkit, PIECES[0])
    chat = program("react_chat.mjs", alice, thread, "attach")
    told(chat, PIECES[0])
    gates[0].open()
    for reader in (copilotkit, chat):
        told(reader, PIECES[0] + PIECES[1])
    gates[1].open()
    for reader in (copilotkit, chat):
        told(reader, TEXT)

    socket = SOCKET.follow(alice, run, PLACE).until(PIECES[2])
    WebSocketClient(socket.connection).say("stop", responseId=run)
    assert socket.rest().text.decode() == PIECES[2]
    for reader in (copilotkit, chat):
        assert lines(reader.communicate(timeout=END_SECONDS)[0]) in ([], [TEXT])
        assert reader.returncode == 0

    for offset, text in (("-1", TEXT), (f"{PLACE:016}", PIECES[2])):
        replayed = program("durable_streams.mjs", alice, run, "sse", offset)
        *_, last = lines(replayed.communicate(timeout=END_SECONDS)[0])
        assert last == {"text": text, "offset": f"{len(TEXT.encode()):016}", "closed": True}
    ended = client.responses.retrieve(run)
    assert (ended.status, ended.output_text) == ("cancelled", TEXT)
    assert len(model.requests) == 1
