"""The client shown in README.md, run unchanged but for the server's address."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chat.testing import Gate, ScriptedModel, answer
from chat.testing.script import broken
from tests.live.harness import END_SECONDS, ROOT, LiveServer, eventually
from tests.page.network_link import NetworkLink
from tests.unit.documents import Document

ADDRESS = "http://127.0.0.1:8000"
CLIENT = ROOT / "chat" / "clients" / "python"
FIRST, SECOND = "Three days in Lisbon. ", "Day four: Größe 🍎"


def example(language: str) -> str:
    """Return the README's one block of code in a language."""
    (block,) = Document(ROOT / "README.md").blocks(language)
    assert ADDRESS in block
    return block


class ReadmeProgram:
    """The running client, with its output in a file that both sides can open."""

    def __init__(self, path: Path, url: str) -> None:
        path.write_text(example("python").replace(ADDRESS, url))
        self.printed = path.with_suffix(".txt")
        environ = {**os.environ, "PYTHONPATH": str(CLIENT), "PYTHONIOENCODING": "utf-8"}
        with self.printed.open("wb") as out:
            self.process = subprocess.Popen([sys.executable, str(path)], stdout=out, stderr=out, env=environ)

    def output(self) -> str:
        return self.printed.read_text()

    def end(self) -> int:
        return self.process.wait(END_SECONDS)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], ReadmeProgram]]:
    started: list[ReadmeProgram] = []

    def run(url: str) -> ReadmeProgram:
        started.append(ReadmeProgram(tmp_path / "client.py", url))
        return started[-1]

    yield run
    for one in started:
        one.process.kill()
        one.process.wait()


def test_the_client_goes_on_after_a_cut_without_loss_or_repetition(
    model: ScriptedModel, server: LiveServer, start: Callable[[str], ReadmeProgram]
) -> None:
    gate = Gate()
    model.script(answer(FIRST, gate, SECOND))
    with NetworkLink(urlsplit(server.url).port or 0) as link:
        running = start(link.url)
        eventually(lambda: running.output() == FIRST, says="the first half never came")
        link.cut()
        gate.open()
        link.restore()
        assert running.end() == 0, running.output()
    assert running.output() == FIRST + SECOND
    assert len(model.requests) == 1


def test_the_client_says_why_an_answer_failed(
    model: ScriptedModel, server: LiveServer, start: Callable[[str], ReadmeProgram]
) -> None:
    model.script(broken(FIRST))
    running = start(server.url)
    assert running.end() != 0
    assert running.output().startswith(FIRST)
    assert "ResponseFailedError" in running.output()


@pytest.mark.parametrize("language", ["python", "js"])
def test_the_examples_have_three_lines(language: str) -> None:
    assert len([line for line in example(language).splitlines() if line]) == 3
