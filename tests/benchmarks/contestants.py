"""The servers under test: ours, started as `up` starts it, and the route that it is compared with."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from copy import copy
from pathlib import Path
from typing import IO, Protocol

from chatproject.dev.bootstrap import ROOT
from chatproject.dev.launch import Launch
from tests.benchmarks import processes
from tests.benchmarks.scenarios import FLOOR, NGINX, OURS, REPLAY, ROUTE

SERVER_CORE, OTHER_CORE = 0, 1
# Time limit of a start; a newly built Next.js takes some seconds.
START_SECONDS = 30.0
# Time limit of a stop; ours takes up to 5 s.
STOP_SECONDS = 10.0
POLL_SECONDS = 0.05
# Pause after the first answer: late imports are no part of a run.
SETTLE_SECONDS = 1.5
# Connections that may wait to be accepted: the client opens 10,000 in a row.
BACKLOG = 4096
# Where Debian's nginx lies, beside the usual folders.
NGINX_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"])
NGINX_CONF = """
daemon off; user root; worker_processes 1; pid {folder}/pid; error_log {folder}/log;
events {{ worker_connections 64; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000;
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""
# Responses at once; the limits are not under test.
UNLIMITED = "1000000"


class Contestant(Protocol):
    """A server under test, in so many processes. `port` and `pids` are set while it runs."""

    name: str
    processes: int
    port: int
    headers: list[str]
    websockets: bool

    def start(self, script: str) -> None:
        """Start the server; `script` is the name by which its model is asked."""

    @property
    def pids(self) -> list[int]:
        """The processes of the running server."""

    def stop(self) -> None: ...


class Ours:
    """The product with its log and database on, its processes on one listening socket."""

    name, processes = OURS, 1
    websockets = True

    def __init__(self, database: str, model_url: str, token: str, folder: Path) -> None:
        self.port = 0
        self.headers = [f"Authorization: Bearer {token}"]
        self._servers: list[subprocess.Popen[bytes]] = []
        self.folder = folder
        self._environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("CHAT_", "C1_"))},
            "CHAT_DATA_DIR": str(folder),
            "DATABASE_URL": database,
            "C1_BASE_URL": model_url,
            "THESYS_API_KEY": "bench",
            "CHAT_ACTIVE_PER_USER": UNLIMITED,
            "CHAT_ACTIVE_TOTAL": UNLIMITED,
            "CHAT_LOG_LEVEL": "WARNING",
        }

    def twin(self, name: str = OURS, processes: int = 1, **environ: str) -> Ours:
        """Return a second server with its own socket on the same database; `environ` adds to its settings."""
        twin = copy(self)
        twin.name, twin.processes = name, processes
        twin._environ = {**self._environ, **environ}
        return twin

    def start(self, script: str) -> None:
        listener = _listener()
        self.port = listener.getsockname()[1]
        environ = {**self._environ, "C1_MODEL": script}
        log_path = self.folder / "server.log"
        with log_path.open("ab") as log, closing(Launch([listener], self.processes)) as launch:
            self._servers = [
                _started(command, ROOT, environ, log, launch.descriptors) for command in launch.commands
            ]
        listener.close()
        for core, pid in enumerate(self.pids, SERVER_CORE):
            processes.pin([pid], core)
        for server in self._servers:
            _wait(f"http://127.0.0.1:{self.port}/readyz", server)
        time.sleep(SETTLE_SECONDS)

    @property
    def pids(self) -> list[int]:
        return [server.pid for server in self._servers]

    def stop(self) -> None:
        _stop(self._servers)
        self._servers = []


class NextJs:
    """The documented Next.js route, built in a folder. It takes the script from the prompt's text."""

    name, processes = ROUTE, 1
    websockets = False

    def __init__(self, folder: Path, model_url: str) -> None:
        self.port = 0
        self.headers: list[str] = []
        self._folder, self._model_url = folder, model_url
        self._server: list[subprocess.Popen[bytes]] = []

    def start(self, script: str) -> None:
        self.port = _free_port()
        command = [
            "node",
            "node_modules/next/dist/bin/next",
            "start",
            "-H",
            "127.0.0.1",
            "-p",
            str(self.port),
        ]
        environ = {**os.environ, "UPSTREAM": self._model_url, "NEXT_TELEMETRY_DISABLED": "1"}
        with Path(os.devnull).open("ab") as log:
            self._server = [_started(command, self._folder, environ, log)]
        _wait(f"http://127.0.0.1:{self.port}/", self._server[0])
        processes.pin(self.pids, SERVER_CORE)
        time.sleep(SETTLE_SECONDS)

    @property
    def pids(self) -> list[int]:
        return processes.tree(self._server[0].pid) if self._server else []

    def stop(self) -> None:
        children = self.pids[1:]
        _stop(self._server)
        for child in children:
            if Path(f"/proc/{child}").exists():
                os.kill(child, signal.SIGTERM)
        self._server = []


class Floor:
    """A relay that stores nothing: what Python takes at least."""

    name, processes = FLOOR, 1
    websockets = False

    def __init__(self, model_port: int) -> None:
        self.port = 0
        self.headers: list[str] = []
        self._model_port = model_port
        self._server: list[subprocess.Popen[bytes]] = []

    def start(self, script: str) -> None:
        self.port = _free_port()
        command = [
            sys.executable,
            "-m",
            "tests.benchmarks.floor",
            str(self.port),
            str(self._model_port),
            script,
        ]
        with Path(os.devnull).open("ab") as log:
            self._server = [_started(command, ROOT, os.environ, log)]
        _wait_for_port(self.port)
        processes.pin(self.pids, SERVER_CORE)

    @property
    def pids(self) -> list[int]:
        return [server.pid for server in self._server]

    def stop(self) -> None:
        _stop(self._server)
        self._server = []


class Nginx(Floor):
    """nginx with a file as long as a replayed answer."""

    name = NGINX

    def __init__(self, folder: Path) -> None:
        super().__init__(0)
        self._folder = folder
        (folder / "answer").write_bytes(b"a" * REPLAY.deltas * REPLAY.size)

    def start(self, script: str) -> None:
        self.port = _free_port()
        (self._folder / "conf").write_text(NGINX_CONF.format(folder=self._folder, port=self.port))
        with Path(os.devnull).open("ab") as log:
            command = ["nginx", "-c", str(self._folder / "conf"), "-p", str(self._folder)]
            self._server = [_started(command, self._folder, os.environ | {"PATH": NGINX_PATH}, log)]
        _wait_for_port(self.port)
        processes.pin(self.pids, SERVER_CORE)

    @property
    def pids(self) -> list[int]:
        return processes.tree(self._server[0].pid) if self._server else []


def _free_port() -> int:
    with _listener() as listener:
        return int(listener.getsockname()[1])


def _wait_for_port(port: int) -> None:
    def answers() -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return True
        return False

    wait_until(answers, f"port {port} does not answer")


def _listener() -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(BACKLOG)
    return listener


def _started(
    command: list[str],
    folder: Path,
    environ: Mapping[str, str],
    log: IO[bytes],
    descriptors: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        pass_fds=descriptors,
    )


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    """Return when the server answers. Raise TimeoutError when it does not."""

    def answers() -> bool:
        try:
            with urllib.request.urlopen(url, timeout=START_SECONDS) as answer:
                return bool(answer.status == 200)
        except urllib.error.HTTPError as problem:
            return problem.code < 500
        except OSError:
            return False

    wait_until(lambda: server.poll() is not None or answers(), f"{url} does not answer")
    if server.poll() is not None:
        raise TimeoutError(f"the server of {url} ended with status {server.returncode}")


def wait_until(condition: Callable[[], bool], problem: str) -> None:
    """Wait for the condition. Raise TimeoutError."""
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(problem)
        time.sleep(POLL_SECONDS)


def _stop(servers: list[subprocess.Popen[bytes]]) -> None:
    for server in servers:
        server.terminate()
    for server in servers:
        try:
            server.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        if server.stdin:
            server.stdin.close()
