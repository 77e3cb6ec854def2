"""Server processes forked from one that has imported their modules: a start takes 0.2 s of CPU instead of 0.75.

Each is a process of its own with its own environment, and runs `python -m chatproject.server` as `manage.py up` does.
This module is both sides: `ServerProcess` in the tests, and `python -m tests.live.fork_server`, which forks.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
MODULE = "chatproject.server"
# Bytes of one request at most: arguments and an environment.
REQUEST_BYTES = 256 * 1024
# The listening socket, and the standard input, output and errors.
INPUT, OUTPUT, ERRORS, LISTENER = range(4)
# Seconds: making pages ahead takes 0.4 s of CPU in each of some 200 servers, so those alone do it whose tests are about it.
NEVER = 1e6
# Their import fails without settings, installs Twisted's reactor, whose epoll a fork would share, or makes migrations.
UNPREPARED = ("chat.management", "chat.migrations", "chat.testing", "chat.clients", "chat.page")

# Packages that a server imports beside the app's modules: a third of the CPU of its start. None of them imports a reactor.
PACKAGES = (
    "autobahn.twisted.websocket",
    "django.contrib.messages.middleware",
    "django.contrib.staticfiles.handlers",
    "django.core.asgi",
    "django.db.backends.postgresql.base",
    "django.db.migrations.writer",
    "django.middleware.clickjacking",
    "django.middleware.common",
    "django.middleware.locale",
    "django.middleware.security",
    "fido2.server",
    "httpcore2",
    "openai.lib.streaming.chat",
    "openai.resources.chat.completions.completions",
    "qrcode",
    "servestatic.middleware",
    "truststore",
    "twisted.application.internet",
    "twisted.internet.asyncioreactor",
    "twisted.web.http",
    "uvloop",
)


class ServerProcess:
    """A process of the server, with what the tests use of `subprocess.Popen`."""

    def __init__(self, arguments: list[str], env: dict[str, str], log: int, listener: int) -> None:
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        self._exit = ours
        self._code: int | None = None
        self.stdin = os.fdopen(writing, "wb")
        request = json.dumps([arguments, env]).encode()
        socket.send_fds(_fork_server(), [request], [reading, log, log, listener, theirs.fileno()])
        os.close(reading)
        theirs.close()
        self.pid = int.from_bytes(ours.recv(4), "big")

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while the process runs."""
        with suppress(TimeoutError):
            return self.wait(0.0)
        return None

    def wait(self, seconds: float) -> int:
        """Wait for the end and return the exit code. Raise TimeoutError after `seconds`."""
        if self._code is None:
            self._exit.settimeout(seconds or 1e-6)
            code = self._exit.recv(4)
            assert code, "the fork server is gone"
            self._code = int.from_bytes(code, "big", signed=True)
            self._exit.close()
        return self._code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


@functools.cache
def _fork_server() -> socket.socket:
    """Start the process that forks; it ends with this one. Return the socket that takes requests."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-m", "tests.live.fork_server"]
    with theirs:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdin=theirs.fileno())

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def main() -> None:
    """Fork a server for each request on the standard input, and report the end of each to the one who asked."""
    gc.disable()
    _import_modules()
    gc.freeze()
    requests = socket.socket(fileno=os.dup(0))
    running: dict[int, tuple[int, socket.socket]] = {}
    with selectors.DefaultSelector() as events:
        events.register(requests, selectors.EVENT_READ)
        while True:
            for key, _ in events.select():
                if key.fileobj is requests:
                    request, files, _, _ = socket.recv_fds(requests, REQUEST_BYTES, 5)
                    if not request:
                        return
                    pid = _fork(request, files)
                    pidfd = os.pidfd_open(pid)
                    running[pidfd] = pid, socket.socket(fileno=files[-1])
                    running[pidfd][1].sendall(pid.to_bytes(4, "big"))
                    for file in files[:-1]:
                        os.close(file)
                    events.register(pidfd, selectors.EVENT_READ)
                else:
                    events.unregister(key.fd)
                    pid, asking = running.pop(key.fd)
                    os.close(key.fd)
                    _report(pid, asking)


def _import_modules() -> None:
    """Import all modules of the app, and those of other packages, as far as they need no settings."""
    for name in PACKAGES:
        importlib.import_module(name)
    for path in sorted((ROOT / "chat").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if not name.startswith(UNPREPARED):
            # Whatever fails here fails in the server too, or needs the settings that the server has.
            with suppress(Exception):
                importlib.import_module(name)


def _fork(request: bytes, files: list[int]) -> int:
    """Fork a server; return its process id."""
    pid = os.fork()
    if not pid:
        arguments, env = json.loads(request)
        _run_server(arguments, env, files)
    return pid


def _run_server(arguments: list[str], env: dict[str, str], files: list[int]) -> NoReturn:
    for number in (INPUT, OUTPUT, ERRORS):
        os.dup2(files[number], number)
    listener = files[LISTENER]
    os.closerange(ERRORS + 1, listener)
    os.closerange(listener + 1, max(files) + 1_000)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = [MODULE, "--fd", str(listener), *arguments]
    code = 1
    try:
        # Not at the top: the package installs a reactor.
        importlib.import_module(f"{MODULE}.warm").DELAY = NEVER  # type: ignore[attr-defined]
        runpy.run_module(MODULE, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else bool(end.code)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _report(pid: int, asking: socket.socket) -> None:
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with asking, suppress(OSError):
        asking.sendall(code.to_bytes(4, "big", signed=True))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    main()
