"""Real server processes for tests: started on an inherited socket, watched, killed, restarted."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tests.live.fork_server import ServerProcess

ROOT = Path(__file__).resolve().parents[2]
# Seconds for a cold start on two busy cores, which took 20 with ten processes for each; a warm one takes one.
START_SECONDS = 60.0
# Seconds after which a condition counts as never met. A wait ends with its condition, so that a large bound costs nothing
# where tests pass; on a starved machine steps of a second took more than ten.
END_SECONDS = 60.0
# Seconds between two polls of a state without notification.
POLL_SECONDS = 0.01
# A secret that no log, answer or row may contain.
CANARY_KEY = "sk-canary-2f6d0a9c71"
SECRET_KEY = "of-the-servers-under-test"
# Part of every prompt that the harness sends; no log may contain it.
CANARY_WORD = "quokka4417"
# Threads of an idle server; the bound for 1,000 streams is 20 and some for pages and the admin.
THREADS = 40

Env = dict[str, str]


def eventually(
    what: Callable[[], Any], seconds: float = END_SECONDS, says: str = "it never came about"
) -> Any:
    """Poll `what` until it is true and return its value; raise AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := what()):
        assert time.monotonic() < deadline, says
        time.sleep(POLL_SECONDS)
    return value


class LiveServer:
    """A server process. `env` adds to the environment that all servers share."""

    # Of the command, after those of every server.
    arguments: tuple[str, ...] = ()

    def __init__(self, folder: Path, env: Env, listener: socket.socket | None = None) -> None:
        self.folder = folder
        self.env = env
        self.listener = listener or bound_listener()
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.log_path = folder / "server.log"
        self.process: ServerProcess | None = None
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def pid(self) -> int:
        assert self.process is not None, "the server was not started"
        return self.process.pid

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    @property
    def log_size(self) -> int:
        return self.log_path.stat().st_size

    def log_since(self, size: int) -> str:
        """Return what was logged since the log had this size in bytes: the whole log of a shared server is long."""
        with self.log_path.open("rb") as log:
            log.seek(size)
            return log.read().decode(errors="replace")

    def start(self) -> LiveServer:
        arguments = ["--exit-with-parent", *self.arguments]
        with self.log_path.open("ab") as log:
            self.process = ServerProcess(arguments, self._environment(), log.fileno(), self.listener.fileno())
        return self

    def wait_until_ready(self) -> LiveServer:
        eventually(self._ready, START_SECONDS, f"the server is not ready:\n{self.log}")
        return self

    def kill9(self) -> None:
        self._signal(signal.SIGKILL)

    def sigterm(self) -> int:
        """Send SIGTERM and return the exit code. Raise AssertionError if the process takes too long."""
        return self._signal(signal.SIGTERM)

    def restart(self) -> LiveServer:
        """Start a new process on the same socket, so under the same URL."""
        if self.process and self.process.poll() is None:
            self.sigterm()
        return self.start().wait_until_ready()

    def close(self) -> None:
        if self.process and self.process.poll() is None:
            self.kill9()
        self.listener.close()

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/task").iterdir()))

    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def _signal(self, number: int) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        try:
            return self.process.wait(END_SECONDS)
        finally:
            self.process.stdin.close()

    def _ready(self) -> bool:
        assert self.alive(), f"the server ended:\n{self.log}"
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/readyz", timeout=START_SECONDS).status_code == 200
        return False

    def _environment(self) -> Env:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("CHAT_", "C1_"))
        }
        return {**inherited, "CHAT_DATA_DIR": str(self.folder), **self.env}


# Shared servers of one test process, each with about ten connections of the 200 that the database has, and 120 MB.
KEPT = 5


class LiveServers:
    """The servers of one test session: one per set of settings, or one for a single test that kills it."""

    def __init__(self, folder: Path, shared: Env) -> None:
        self._folder = folder
        self._shared = shared
        self._numbers = itertools.count()
        self._kept: dict[frozenset[tuple[str, str]], LiveServer] = {}

    def keep(self, number: int = 1, **env: str) -> LiveServer:
        """Return the shared server with these settings; a higher `number` is another process of the same settings."""
        key = frozenset({*env.items(), ("number", str(number))})
        server = self._kept.pop(key, None)
        if server is None or not server.alive():
            server = self._made(env).start().wait_until_ready()
        self._kept[key] = server  # the last one is the one used last
        return server

    def close_unused(self) -> None:
        """Close all but the KEPT shared servers that were used last."""
        for key in list(self._kept)[:-KEPT]:
            self._kept.pop(key).close()

    @contextlib.contextmanager
    def own(self, beside: LiveServer | None = None, **env: str) -> Iterator[LiveServer]:
        """Start a server for one test, which may kill it; on the socket of `beside` if given."""
        server = self._made(env, beside.listener.dup() if beside else None)
        try:
            yield server.start().wait_until_ready()
            assert_clean(server)
        finally:
            server.close()

    def kept(self) -> list[LiveServer]:
        return list(self._kept.values())

    def close(self) -> None:
        for server in self.kept():
            server.close()

    def _made(self, env: Env, listener: socket.socket | None = None) -> LiveServer:
        folder = self._folder / f"server-{next(self._numbers)}"
        return LiveServer(folder, {**self._shared, **env}, listener)


def bound_listener() -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(1024)
    return listener


def assert_clean(server: LiveServer, since: int = 0) -> None:
    """Assert that the log after that many bytes holds no traceback, no secret and no prompt."""
    news = server.log_since(since)
    for forbidden in ("Traceback", "action=page_failed", CANARY_KEY, CANARY_WORD):
        around = news[max(0, news.find(forbidden) - 500) :][:3000]
        assert forbidden not in news, f"{forbidden!r} stands in the server's log: {around}"


def assert_no_leaks(server: LiveServer, descriptors: int) -> None:
    """Assert that the process holds about as many descriptors as before, and a bounded number of threads."""
    eventually(
        lambda: server.descriptors() <= descriptors, says=f"{server.descriptors()} descriptors are open"
    )
    assert server.threads() <= THREADS


def database_url(name: str) -> str:
    """Return the URL of another database on the test database's server."""
    params = connection.get_connection_params()
    place = {key: str(params[key]) for key in ("host", "port", "user", "password") if params.get(key)}
    return f"postgresql:///{name}?{urlencode(place)}"


@contextlib.contextmanager
def using_database(name: str) -> Iterator[None]:
    """Point Django's default connection at the database `name` within the block."""
    connection.close()
    before = connection.settings_dict["NAME"]
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = before


@contextlib.contextmanager
def using_connection(kept: BaseDatabaseWrapper, name: str) -> Iterator[None]:
    """Make `kept` Django's default connection of this thread within the block, and `name` the database of all new ones."""
    before, shared = connections["default"], kept.settings_dict
    before_name, shared["NAME"] = shared["NAME"], name
    if kept.connection is not None and not kept.is_usable():
        kept.close()
    connections["default"] = kept
    try:
        yield
    finally:
        connections["default"], shared["NAME"] = before, before_name


@contextlib.contextmanager
def created_database(name: str, template: str) -> Iterator[str]:
    """Provide a copy of a migrated database, dropped afterwards."""
    administer(
        f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}" TEMPLATE "{template}"'
    )
    yield name
    administer(f'DROP DATABASE "{name}" WITH (FORCE)')


def administer(*statements: str) -> None:
    with connection._nodb_cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
