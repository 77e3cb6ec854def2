"""One server process of a supervisor: its start, its restarts after crashes, and its replacement while its answers go on.

It inherits the listening sockets, and as its standard input a pipe that closes when the supervisor ends, however that ends: no
server process outlives it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping

from chatproject.dev.bootstrap import ROOT, say

# Seconds before a restart, doubled with each crash soon after.
FIRST_PAUSE_SECONDS = 0.1

# Seconds before a restart, at most: a mended fault is noticed within this time.
LONGEST_PAUSE_SECONDS = 5.0

# Seconds; a process that ran for so long did not fail at its start.
HEALTHY_SECONDS = 10.0

# Seconds for a retired process, whose answers go on: CHAT_RESPONSE_SECONDS and a minute, unless that is longer than usual.
RETIRE_SECONDS = 360.0


class SupervisedServer:
    """One server process, and its replacements."""

    def __init__(self, command: list[str], descriptors: Iterable[int], environ: Mapping[str, str]) -> None:
        self._command, self._descriptors, self._environ = command, tuple(descriptors), environ
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._due = 0.0
        # Processes that a successor has replaced, and when each must have ended.
        self._retired: list[tuple[subprocess.Popen[bytes], float]] = []
        self.failures_in_a_row = 0
        """Deaths in a row, each soon after the start."""

    def check(self) -> None:
        """Start the process when it is due, and record its end."""
        now = time.monotonic()
        if self._process and self._process.poll() is not None:
            self._on_exit(now)
        if not self._process and now >= self._due:
            self._started = now
            self._process = self._start(self._command, self._descriptors, self._environ)
        self._check_retired(now)

    def _start(
        self, command: list[str], descriptors: Iterable[int], environ: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env=environ,
            stdin=subprocess.PIPE,
            pass_fds=tuple(descriptors),
            start_new_session=True,  # out of reach of the terminal's Ctrl-C
        )

    def _check_retired(self, now: float) -> None:
        for process, ends in self._retired:
            if process.poll() is not None:
                _close_input(process)
                self._drop_gauges(process.pid)
            elif now > ends:
                process.terminate()
        self._retired = [(process, ends) for process, ends in self._retired if process.returncode is None]

    def replace(self, environ: Mapping[str, str], wait: Callable[[int], bool]) -> bool:
        """Start a successor in a new environment and, once it can serve, retire the process.

        Return False where it does not start; the environment is then the former one.
        `wait`: waits a moment for a descriptor, and returns False where the supervisor is to stop.
        """
        readable, writable = os.pipe()
        os.set_blocking(readable, False)
        command = [*self._command, "--ready-fd", str(writable)]
        successor = self._start(command, [*self._descriptors, writable], environ)
        os.close(writable)
        said: bytes | None = None  # nothing yet
        with open(readable, "rb", buffering=0) as line:
            while said is None and wait(readable):
                said = line.read(1)
        if not said:  # the end of the line without a word is that of the process
            successor.kill()
            successor.wait()
            _close_input(successor)
            return False
        if self._process:
            self._process.send_signal(signal.SIGUSR1)
            self._retired.append((self._process, time.monotonic() + RETIRE_SECONDS))
        self._process, self._started, self.failures_in_a_row = successor, time.monotonic(), 0
        self._environ = environ
        return True

    def _on_exit(self, now: float) -> None:
        assert self._process is not None
        self.failures_in_a_row = 1 if now - self._started > HEALTHY_SECONDS else self.failures_in_a_row + 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (self.failures_in_a_row - 1), LONGEST_PAUSE_SECONDS)
        say(
            f"Server process {self._process.pid} ended ({_reason(self._process.returncode)}): "
            f"the next in {pause:g} s."
        )
        self._due = now + pause
        self._drop_gauges(self._process.pid)
        self._close()

    def _drop_gauges(self, pid: int) -> None:
        """Remove the gauges of a process that has ended from those that the others sum up."""
        if folder := self._environ.get("PROMETHEUS_MULTIPROC_DIR"):
            from prometheus_client import multiprocess  # not at the top: nothing else here needs it

            multiprocess.mark_process_dead(pid, folder)  # type: ignore[no-untyped-call]

    def signal(self, number: int) -> None:
        for process in self._all():
            if process.poll() is None:
                process.send_signal(number)

    def ended(self) -> bool:
        return all(process.poll() is not None for process in self._all())

    def _all(self) -> list[subprocess.Popen[bytes]]:
        present = [self._process] if self._process else []
        return [*present, *(process for process, _ in self._retired)]

    def _close(self) -> None:
        if self._process:
            _close_input(self._process)
        self._process = None


def _close_input(process: subprocess.Popen[bytes]) -> None:
    if process.stdin:
        process.stdin.close()


def _reason(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"
