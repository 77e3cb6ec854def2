"""A server process with the probe application, and clients that misbehave."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import IO, Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.live.harness import END_SECONDS, ROOT

MIB = 1024 * 1024
# Seconds: a busy machine may lose a second, but not two.
READER_SECONDS = 2.0
REQUEST_SECONDS = 1.5
BODY_BYTES = 2 * MIB
# The kernel's buffers hold little here, so that the process must wait.
KERNEL_BYTES = 64 * 1024
# Seconds; a socket that takes nothing for so long is full.
STANDSTILL_SECONDS = 0.3


class ProbeServer:
    """A server process with the probe application."""

    def __init__(self, errors: IO[str] | int = subprocess.PIPE, host: str = "127.0.0.1") -> None:
        """Start the process. `errors` takes the standard error, where more than a pipe holds is expected."""
        self.family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(self.family) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BYTES)
            listener.bind((host, 0))
            listener.listen(1024)
            self.host, self.port, *_ = listener.getsockname()
            self.process = self._start(listener.fileno(), errors)

    def _start(self, fd: int, errors: IO[str] | int) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "chatproject.server", "--fd", str(fd), "--exit-with-parent"]
        command += ["--application", "tests.live.probe_app:application", "--body-bytes", str(BODY_BYTES)]
        command += ["--reader-seconds", str(READER_SECONDS), "--request-seconds", str(REQUEST_SECONDS)]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=errors, pass_fds=[fd], text=True
        )

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HTTPResponse:
        """Send one request on a connection of its own; the caller reads the body and closes."""
        connection = HTTPConnection(self.host, self.port, timeout=END_SECONDS)
        connection.request(method, path, body, {"Connection": "close", **headers})
        return connection.getresponse()

    def get(self, path: str) -> bytes:
        with self.ask("GET", path) as answer:
            return answer.read()

    def state(self) -> Any:
        return json.loads(self.get("/state"))

    def said(self, what: str) -> bool:
        return what in self.state()["said"]

    def open(self) -> socket.socket:
        """Open a connection with a small receive buffer in the kernel."""
        client = socket.socket(self.family)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            client.setsockopt(socket.SOL_SOCKET, option, KERNEL_BYTES // 4)
        client.settimeout(END_SECONDS)
        client.connect((self.host, self.port))
        return client

    def unread(self, path: str) -> socket.socket:
        """Open a connection that requests `path` and reads nothing."""
        client = self.open()
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return client

    def websocket(self, name: str, **options: Any) -> ClientConnection:
        client: ClientConnection = connect(
            f"ws://x/ws/{name}", sock=self.open(), proxy=None, open_timeout=END_SECONDS, **options
        )
        return client

    def memory(self) -> int:
        """Return the resident bytes of the process."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf(
            "SC_PAGE_SIZE"
        )

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop the process within the block: all that clients do reaches it at once afterwards."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def end(self) -> tuple[str, str]:
        """Wait for the end of the process; return its standard output and errors."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.communicate(timeout=END_SECONDS)
        self.process.kill()
        raise AssertionError("the server did not end")


def rest_of(client: socket.socket) -> bytes:
    """Read until the server closes or resets the connection; return the bytes."""
    data = b""
    with client, contextlib.suppress(ConnectionError):
        while piece := client.recv(65536):
            data += piece
    return data


def until(client: socket.socket, ending: bytes) -> bytes:
    """Read up to `ending`; return the bytes."""
    data = b""
    while not data.endswith(ending):
        piece = client.recv(1)
        assert piece, f"the server closed after {data!r}"
        data += piece
    return data


def close_code(client: ClientConnection) -> int:
    """Return the code with which the server closes; other frames are skipped."""
    try:
        while True:
            client.recv(timeout=END_SECONDS)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0


def standstill(client: socket.socket, data: memoryview) -> int:
    """Send until the kernel takes no more; return the number of bytes that it took."""
    at = 0
    while at < len(data) and select.select([], [client], [], STANDSTILL_SECONDS)[1]:
        at += client.send(data[at : at + 65536])
    return at


def frame(text: bytes) -> bytes:
    """Return a text frame of 126 bytes or more with the mask that changes nothing."""
    length = b"\xfe" + len(text).to_bytes(2) if len(text) < 65_536 else b"\xff" + len(text).to_bytes(8)
    return b"\x81" + length + bytes(4) + text
