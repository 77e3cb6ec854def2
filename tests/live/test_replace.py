"""`up --replace`: new server processes take over the sockets, and the former ones end with their answers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from chat.testing import ScriptedModel, answer
from chat.testing.script import Gate, PacedSteps, steps_of
from chatproject.dev import running
from tests.live.client import Client, WebSocketClient, new_id
from tests.live.harness import database_url, eventually
from tests.live.test_up import MANAGE, Up, new_user_environment
from tests.live.transports import SSE

# WebSocket close code "service restart": clients connect again.
RESTART = 1012
# Seconds, on a busy machine, for migrations that are there already and the start of a process, which take two.
REPLACE_SECONDS = 60.0
# The delta of each answer of the long test, and how many: four seconds, in which a replacement fits on a quiet machine.
DELTAS = [f"{number} " for number in range(200)]


@pytest.fixture
def up(live_database: str, scripted_model: ScriptedModel, tmp_path: Path) -> Iterator[Up]:
    environment: Any = {
        "DATABASE_URL": database_url(live_database),
        "C1_BASE_URL": scripted_model.base_url,
        "THESYS_API_KEY": "key",
        "CHAT_ACTIVE_PER_USER": "20",
    }
    started = Up(tmp_path, **environment)
    yield started
    if started.process.poll() is None:
        started.stop()


def replace(folder: Path) -> int:
    command = [*MANAGE, "up", "--replace"]
    environment = new_user_environment(folder, {})
    return subprocess.run(command, env=environment, capture_output=True, cwd="/").returncode


def ended(up: Up, processes: list[int]) -> bool:
    return not set(processes) & set(up.servers())


def close_code(socket: WebSocketClient) -> int:
    """Read a WebSocket to its end, and return the code of that."""
    with suppress(ConnectionClosed):
        while True:
            socket.connection.recv(REPLACE_SECONDS)
    return socket.connection.protocol.close_code or 0


def user(make_client: Callable[..., Client], up: Up) -> Client:
    return make_client(SimpleNamespace(url=up.url.rstrip("/")))


def test_a_replacement_loses_and_doubles_nothing(
    model: ScriptedModel, up: Up, make_client: Callable[..., Client], tmp_path: Path
) -> None:
    client, gate, response = user(make_client, up), Gate(), new_id("r")
    model.script(answer("Before. ", gate, "After."), answer("New."))
    stream = SSE.send(client, response=response).until("Before.")
    (former,) = up.servers()
    with client.socket() as follower:
        follower.say("follow", responseId=response, offset=0)
        follower.receive_until("delta")
        assert replace(tmp_path) == 0
        assert close_code(follower) == RESTART
    assert former in up.servers()
    resumed = SSE.follow(client, response, len("Before. "))
    assert user(make_client, up).chat("Next").text == "New."
    gate.open()
    assert (stream.rest().text, stream.received.end["status"]) == (b"Before. After.", "done")
    assert resumed.rest().text == b"After."
    eventually(partial(ended, up, [former]), REPLACE_SECONDS, "the former process never ended")
    assert len(up.servers()) == 1
    assert len(model.requests) == 2
    assert up.stop() == 0


def test_without_a_running_up_nothing_is_replaced(tmp_path: Path) -> None:
    assert replace(tmp_path) == 1
    with running.recorded(tmp_path):
        pass
    assert replace(tmp_path) == 1


@pytest.mark.long
def test_fifty_replacements_lose_no_byte(
    model: ScriptedModel, up: Up, make_client: Callable[..., Client], tmp_path: Path
) -> None:
    model.default(answer(PacedSteps(steps_of(DELTAS), 0.02)))
    client, whole = user(make_client, up), "".join(DELTAS).encode()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(50):
            streams = [SSE.send(client, thread=new_id("t")).until("1 ") for _ in range(3)]
            before = up.servers()
            assert replace(tmp_path) == 0
            texts = [read.result() for read in [pool.submit(stream.rest) for stream in streams]]
            assert [one.text for one in texts] == [whole] * 3
            eventually(partial(ended, up, before), REPLACE_SECONDS)
