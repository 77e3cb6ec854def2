"""The code of the last version on the tables of this one: both serve during an upgrade, and neither breaks the other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from chat.testing import ScriptedModel, answer
from chat.testing.script import Gate
from chatproject.dev.bootstrap import ROOT
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer, bound_listener
from tests.live.transports import SSE

pytestmark = pytest.mark.long


def git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=True).stdout


def migrations(commit: str) -> set[str]:
    return set(git("ls-tree", "--name-only", commit, "chat/migrations/").decode().split())


def last_version() -> str:
    """Return the last tag, or without one the last commit that has some of the present migrations and no others."""
    if tags := git("tag", "--sort=-creatordate").decode().split():
        return tags[0]
    present = migrations("HEAD")
    commits = git("log", "--format=%H", "--", "chat/migrations").decode().split()
    return next(commit for commit in commits if migrations(commit) < present)


# The tests' own settings are not among the former code.
PLAIN = {"DJANGO_SETTINGS_MODULE": "chatproject.settings"}


class FormerServer(LiveServer):
    """A server process of the code in its folder."""

    def start(self) -> LiveServer:
        fd = self.listener.fileno()
        command = [sys.executable, "-m", "chatproject.server", "--fd", str(fd), "--exit-with-parent"]
        with self.log_path.open("ab") as log:
            process: Any = subprocess.Popen(
                command,
                cwd=self.folder,
                env={**os.environ, **PLAIN, "CHAT_DATA_DIR": str(self.folder / "data"), **self.env},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[fd],
            )
        self.process = process
        return self


@pytest.fixture
def former(live: None, servers: Any, tmp_path: Path) -> Iterator[LiveServer]:
    code = git("archive", last_version(), "chat", "chatproject")
    subprocess.run(["tar", "--extract", "--directory", str(tmp_path)], input=code, check=True)
    server = FormerServer(tmp_path, {**servers._shared, "CHAT_ACTIVE_PER_USER": "20"}, bound_listener())
    try:
        yield server.start().wait_until_ready()
    finally:
        server.close()


def test_the_code_of_the_last_version_answers_on_the_present_tables(
    model: ScriptedModel, former: LiveServer, server: LiveServer, make_client: Callable[..., Client]
) -> None:
    before = make_client(former)
    now, gate, thread, response = before.at(server), Gate(), new_id("t"), new_id("r")
    model.script(answer("Old ", gate, "code."), answer("New code."), answer("Old again."))
    stream = SSE.send(before, thread=thread, response=response).until("Old")
    followed = SSE.follow(now, response, 0).until("Old")
    gate.open()
    assert stream.rest().text == followed.rest().text == b"Old code."
    assert now.chat("Next", thread=thread).text == "New code."
    assert before.chat("And on", thread=thread).text == "Old again."
    # Read without the check of answers, for those of the former code have its fields.
    read = httpx.get(f"{former.url}/api/threads/{thread}/messages", headers=before.headers).json()["messages"]
    assert [one["content"] for one in read] == [one["content"] for one in now.messages(thread)]
