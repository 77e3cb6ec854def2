"""Supervision of the server processes: start, wait until they answer, restart after a crash, stop.

A server process inherits the listening sockets, and as its standard input a pipe that closes when the supervisor
ends, however it ends: no server process outlives it.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping

from chatproject.dev.bootstrap import ROOT, say
from chatproject.dev.launch import Launch
from chatproject.dev.postgres.cluster import Postgres
from chatproject.dev.probe import ReadinessProbe

# Seconds for a server process to store and end its streams, which takes 5.
STOP_SECONDS = 10.0

# Seconds between two checks of the database and of processes that are due for a restart.
TICK_SECONDS = 0.5

# Seconds before a restart, doubled with each crash soon after.
FIRST_PAUSE_SECONDS = 0.1

# Seconds before a restart, at most: a mended fault is noticed within this time.
LONGEST_PAUSE_SECONDS = 5.0

# Seconds; a process that ran for so long did not fail at its start.
HEALTHY_SECONDS = 10.0

# Crashes in a row before the first answer: the fault does not pass by itself.
MAX_START_FAILURES = 3

# Signals that stop the server, unless it was started with one of them ignored: `nohup`, or `&` in a script.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class ServerProcess:
    """One server process, and its replacements."""

    def __init__(self, command: list[str], descriptors: Iterable[int], environ: Mapping[str, str]) -> None:
        self._command, self._descriptors, self._environ = command, tuple(descriptors), environ
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._due = 0.0
        self.failures_in_a_row = 0
        """Deaths in a row, each soon after the start."""

    def check(self) -> None:
        """Start the process when it is due, and record its end."""
        now = time.monotonic()
        if self._process and self._process.poll() is not None:
            self._on_exit(now)
        if not self._process and now >= self._due:
            self._started = now
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environ,
                stdin=subprocess.PIPE,
                pass_fds=self._descriptors,
                start_new_session=True,  # out of reach of the terminal's Ctrl-C
            )

    def _on_exit(self, now: float) -> None:
        assert self._process is not None
        self.failures_in_a_row = 1 if now - self._started > HEALTHY_SECONDS else self.failures_in_a_row + 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (self.failures_in_a_row - 1), LONGEST_PAUSE_SECONDS)
        say(
            f"Server process {self._process.pid} ended ({_reason(self._process.returncode)}): "
            f"the next in {pause:g} s."
        )
        self._due = now + pause
        self._close()

    def signal(self, number: int) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)

    def ended(self) -> bool:
        return not self._process or self._process.poll() is not None

    def _close(self) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.close()
        self._process = None


class Supervisor:
    """Supervisor of `count` server processes on the same sockets, and of the embedded database if given."""

    def __init__(
        self,
        listeners: list[socket.socket],
        count: int,
        environ: Mapping[str, str],
        database: Postgres | None,
    ) -> None:
        self._listeners, self._environ, self._database = listeners, environ, database
        self._launch = Launch(listeners, count)
        descriptors = self._launch.descriptors
        self._servers = [ServerProcess(command, descriptors, environ) for command in self._launch.commands]
        self._stops = 0
        self._wake, self._waker = os.pipe()

    def run(self, announce: Callable[[], None], on_tick: Callable[[], None]) -> int:
        """Serve until a signal comes, and return the exit status.

        `announce` is called once, when the server answers; from then on `on_tick` every TICK_SECONDS and when a child ends.
        """
        self._watch_signals()
        try:
            self._start_database()
            preparation = self._prepare()
            try:
                if not self._become_ready(preparation):
                    return 0 if self._stops else 1
                announce()
                self._keep_running(on_tick)
                return 0
            finally:
                preparation.terminate()
                preparation.wait()
        finally:
            self._stop()

    def _start_database(self) -> None:
        """Start the servers, which take longer to load than an existing database, and then the database."""
        if self._database:
            if self._database.exists():
                self._check_servers()
            self._database.start()

    def _prepare(self) -> subprocess.Popen[bytes]:
        """Start the migrations and the creation of the admin's account, beside the servers: both take 0.5 s."""
        command = [sys.executable, "-m", "chatproject.dev.commands", "prepare"]
        return subprocess.Popen(
            command, cwd=ROOT, env=self._environ, stdin=subprocess.DEVNULL, start_new_session=True
        )

    def _become_ready(self, preparation: subprocess.Popen[bytes]) -> bool:
        """Wait until the servers answer. Return False if they never will, or a signal came before."""
        with ReadinessProbe(self._listeners[0], self._environ) as probe:
            while not self._stops and not probe.ready:
                self._check_servers()
                if preparation.poll() or any(
                    server.failures_in_a_row >= MAX_START_FAILURES for server in self._servers
                ):
                    say("The server does not start: see above.")
                    return False
                if preparation.returncode == 0:
                    probe.check()
                self._wait(probe.pause, probe.descriptors())
        return probe.ready

    def _keep_running(self, on_tick: Callable[[], None]) -> None:
        while not self._stops:
            self._check_servers()
            on_tick()
            if self._database:
                self._database.revive()
            self._wait(TICK_SECONDS)

    def _check_servers(self) -> None:
        for server in self._servers:
            server.check()

    # Signals, through a pipe that `select` can wait for

    def _watch_signals(self) -> None:
        os.set_blocking(self._wake, False)
        os.set_blocking(self._waker, False)
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._note_stop)
        signal.signal(
            signal.SIGCHLD, lambda *_: None
        )  # wakes the loop: the end of a child is noticed at once

    def _note_stop(self, *_: object) -> None:
        self._stops += 1

    def _wait(self, seconds: float, descriptors: Iterable[int] = ()) -> None:
        readable, _, _ = select.select([self._wake, *descriptors], [], [], seconds)
        if self._wake in readable:
            os.read(self._wake, 4096)

    # Stopping

    def _stop(self) -> None:
        """Stop the servers, which end their streams in order, and the database. A second signal kills them."""
        for listener in self._listeners:
            listener.close()
        self._launch.close()
        for server in self._servers:
            server.signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while not all(server.ended() for server in self._servers):
            left = deadline - time.monotonic()
            if left <= 0 or self._stops > 1:
                for server in self._servers:
                    server.signal(signal.SIGKILL)
            self._wait(min(max(left, 0.05), TICK_SECONDS))
        if self._database:
            self._database.stop()


def _reason(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"
