"""Supervision of the server processes: start, wait until they answer, restart after a crash, replace, stop."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping

from chatproject.dev import environment
from chatproject.dev.bootstrap import ROOT, say
from chatproject.dev.launch import Launch
from chatproject.dev.postgres.cluster import Postgres
from chatproject.dev.probe import ReadinessProbe
from chatproject.dev.supervised_server import SupervisedServer

# Seconds for a server process to store and end its streams, which takes 5.
STOP_SECONDS = 10.0

# Seconds between two checks of the database and of processes that are due for a restart.
TICK_SECONDS = 0.5

# Seconds between two attempts to start a database that cannot: each waits for it as long.
REVIVE_SECONDS = 5.0

# Crashes in a row before the first answer: the fault does not pass by itself.
MAX_START_FAILURES = 3

# Signals that stop the server, unless it was started with one of them ignored: `nohup`, or `&` in a script.
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


# Asks for the replacement of the servers by new ones, of the code and the files of settings that are there now.
REPLACE_SIGNAL = signal.SIGUSR2


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
        self._servers = [SupervisedServer(command, descriptors, environ) for command in self._launch.commands]
        self._stops = 0
        self._replacing = False
        self._revive_at = 0.0
        self._wake, self._waker = os.pipe()

    def run(self, announce: Callable[[], None], on_tick: Callable[[], None]) -> int:
        """Serve until a signal comes, and return the exit status.

        `announce` is called once, when the server answers; from then on `on_tick` every TICK_SECONDS and when a child ends.
        """
        self._watch_signals()
        try:
            self._start_database()
            preparation = self._prepare(self._environ)
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

    def _prepare(self, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Start the migrations and the creation of the admin's account, beside the servers: both take 0.5 s."""
        command = [sys.executable, "-m", "chatproject.dev.commands", "prepare"]
        return subprocess.Popen(
            command, cwd=ROOT, env=environ, stdin=subprocess.DEVNULL, start_new_session=True
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
            self._revive_database()
            if self._replacing:
                self._replacing = False
                self._replace_servers()
            self._wait(TICK_SECONDS)

    def _revive_database(self) -> None:
        """Start the database again if it died. Where it cannot start, on a full disk, the servers keep what they have."""
        if not self._database or time.monotonic() < self._revive_at:
            return
        try:
            self._database.revive()
        except SystemExit as trouble:
            say(f"{trouble} The servers keep what they have; the next attempt in {REVIVE_SECONDS:g} s.")
            self._revive_at = time.monotonic() + REVIVE_SECONDS

    def _replace_servers(self) -> None:
        """Migrate with the code and the settings that are there now, then replace the servers one by one.

        Those before go on meanwhile.
        """
        try:
            environ = environment.reread(self._environ)
        except SystemExit as mistake:
            say(f"The servers stay as they are: {mistake}")
            return
        preparation = self._prepare(environ)
        while preparation.poll() is None and not self._stops:
            self._check_servers()
            self._wait(TICK_SECONDS)
        if preparation.poll():
            say("The servers stay as they are: the database could not be prepared, see above.")
        elif all(server.replace(environ, self._go_on) for server in self._servers):
            self._environ = environ
            say("The servers are replaced: the former ones end with their answers.")
        elif not self._stops:
            say("The new code does not start: see above. The servers that are left stay as they are.")

    def _go_on(self, descriptor: int) -> bool:
        """Wait a moment for a descriptor. Return False where the supervisor is to stop."""
        self._check_servers()
        self._wait(TICK_SECONDS, [descriptor])
        return not self._stops

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
        signal.signal(REPLACE_SIGNAL, self._note_replacement)
        signal.signal(
            signal.SIGCHLD, lambda *_: None
        )  # wakes the loop: the end of a child is noticed at once

    def _note_stop(self, *_: object) -> None:
        self._stops += 1

    def _note_replacement(self, *_: object) -> None:
        self._replacing = True

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
