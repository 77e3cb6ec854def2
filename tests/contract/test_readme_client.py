"""The client shown in README.md, run unchanged."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chat.testing import Gate, ScriptedModel, answer
from tests.live.client import Client
from tests.live.harness import END_SECONDS, ROOT, eventually
from tests.unit.documents import Document

FIRST = "Three days in Lisbon. " * 10  # more than the client takes before it drops
DROPPED = "[dropped at byte "


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Write the README's one block of Python to a file, and return its path."""
    (block,) = Document(ROOT / "README.md").blocks("python")
    path = tmp_path / "client.py"
    path.write_text(block)
    return path


class Program:
    """The running client, with its output in a file that both sides can open."""

    def __init__(self, path: Path, token: str, url: str) -> None:
        self.printed = path.with_suffix(".txt")
        with self.printed.open("wb") as out:
            command = [sys.executable, str(path), token, url]
            self.process = subprocess.Popen(command, stdout=out, stderr=out)

    def output(self) -> str:
        return self.printed.read_text()

    def end(self) -> int:
        return self.process.wait(END_SECONDS)


@pytest.fixture
def start(program: Path, server: Any) -> Iterator[Any]:
    started: list[Program] = []

    def run(token: str) -> Program:
        started.append(Program(program, token, server.url.replace("http", "ws", 1) + "/ws/chat/"))
        return started[-1]

    yield run
    for one in started:
        one.process.kill()
        one.process.wait()


def token_of(client: Client) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


def test_the_client_drops_and_follows_on_without_loss_or_repetition(
    model: ScriptedModel, alice: Client, start: Any
) -> None:
    gate = Gate()
    model.script(answer(FIRST, gate, "Day four: Größe 🍎"))
    running = start(token_of(alice))
    eventually(lambda: DROPPED in running.output(), says=f"it never dropped: {running.output()}")
    gate.open()
    assert running.end() == 0, running.output()
    before, after = re.split(r"\n\[dropped at byte \d+, following on\]\n", running.output())
    assert before + after == FIRST + "Day four: Größe 🍎"
    assert (bool(after), len(model.requests)) == (True, 1)


def test_the_client_reports_a_refused_token(
    model: ScriptedModel, server: Any, alice: Client, start: Any
) -> None:
    running = start("no-token")
    assert running.end() != 0
    assert "403" in running.output()


def test_the_client_is_short(program: Path) -> None:
    assert len([line for line in program.read_text().splitlines() if line.strip()]) <= 20
