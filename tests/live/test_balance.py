"""Connections to several processes on one socket: even shares, and none lost to a process that hangs."""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.sync.client import ClientConnection, connect

from chatproject.dev.launch import Launch
from chatproject.server.balance import AHEAD, COUNT, Balance, create_counts
from tests.live.harness import END_SECONDS, ROOT, bound_listener, eventually
from tests.live.probe import until

MANY = 60


class Pair:
    """Two processes with the probe application on one socket."""

    def __init__(self, listener: socket.socket, clients: contextlib.ExitStack) -> None:
        self._address, self._clients = listener.getsockname(), clients
        launch = clients.enter_context(contextlib.closing(Launch([listener], 2)))
        self._counts = memoryview(mmap.mmap(launch.descriptors[-1], 0)).cast(COUNT)
        self.pids = [clients.enter_context(self._started(launch, command)).pid for command in launch.commands]

    @contextlib.contextmanager
    def _started(self, launch: Launch, command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
        command = [*command, "--application", "tests.live.probe_app:application"]
        with subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, pass_fds=launch.descriptors
        ) as process:
            yield process
            process.kill()

    @contextlib.contextmanager
    def hanging(self, index: int) -> Iterator[None]:
        os.kill(self.pids[index], signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pids[index], signal.SIGCONT)

    def connect(self, count: int) -> None:
        """Open as many connections, wait for an answer on each, and keep them open."""
        for _ in range(count):
            client = self._clients.enter_context(socket.create_connection(self._address, END_SECONDS))
            client.sendall(b"GET /state HTTP/1.1\r\nHost: x\r\n\r\n")
            until(client, b"}")

    def websocket(self) -> ClientConnection:
        host, port = self._address
        return self._clients.enter_context(
            connect(f"ws://{host}:{port}/ws/mirror", proxy=None, open_timeout=END_SECONDS)
        )

    def counted(self, index: int) -> int:
        """Return the count of the process itself, after one more connection."""
        self.connect(1)
        return self._counts[index]

    def connections(self) -> list[int]:
        return [self._sockets(pid) - was for pid, was in zip(self.pids, self._before, strict=True)]

    def caught_up(self) -> bool:
        """Open one more connection; return true if the processes then have as many as each other, within AHEAD."""
        self.connect(1)
        first, second = self.connections()
        return abs(first - second) <= AHEAD

    def begin(self) -> None:
        """Wait until both processes answer, and count their connections from here."""
        for index in (0, 1):
            with self.hanging(index):
                self.connect(1)
        self._before = [self._sockets(pid) for pid in self.pids]

    @staticmethod
    def _sockets(pid: int) -> int:
        return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@pytest.fixture
def pair() -> Iterator[Pair]:
    with bound_listener() as listener, contextlib.ExitStack() as clients:
        pair = Pair(listener, clients)
        pair.begin()
        yield pair


@pytest.mark.live
def test_a_process_that_has_fewer_connections_takes_the_next_ones(pair: Pair) -> None:
    with pair.hanging(1):
        pair.connect(MANY)
    assert pair.connections() == [MANY, 0]
    # Evenly shared ones never close the gap; on a busy machine the process is late for some.
    assert any(pair.caught_up() for _ in range(3 * MANY))


@pytest.mark.live
def test_a_process_that_hangs_holds_up_no_connection(pair: Pair) -> None:
    with pair.hanging(1):
        pair.connect(2 * AHEAD)
        assert pair.connections() == [2 * AHEAD, 0]


@pytest.mark.live
def test_a_websocket_counts_as_one_connection_until_it_is_closed(pair: Pair) -> None:
    with pair.hanging(1):
        opened = [pair.websocket() for _ in range(10)]
        assert pair.counted(0) == pair.connections()[0] + 1  # the first one, from before
        for websocket in opened:
            websocket.close()
        eventually(lambda: pair.counted(0) == pair.connections()[0] + 1, says="closed ones still count")


def test_a_process_with_too_many_connections_has_no_room_until_the_others_have_caught_up() -> None:
    with create_counts(2) as file:
        first, second = (Balance(file.fileno(), index) for index in (0, 1))
        assert first.room() == AHEAD
        first.record(AHEAD)
        assert (first.room(), second.room()) == (0, AHEAD)
        second.record(3)
        assert first.room() == 3


def test_the_replacement_of_a_process_that_died_begins_without_connections() -> None:
    with create_counts(2) as file:
        first, second = (Balance(file.fileno(), index) for index in (0, 1))
        second.record(100)
        first.record(100)
        assert first.room() == AHEAD
        Balance(file.fileno(), 1)
        assert first.room() == 0
