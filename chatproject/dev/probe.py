"""A probe that requests `/readyz` until the server is ready, without blocking its caller."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from chatproject.dev.listening import reachable

# Seconds after an answer other than "ready": migrations are being applied.
PAUSE_SECONDS = 0.02
# Seconds for one answer: after it the process that accepted the request is believed dead.
TIMEOUT_SECONDS = 5.0


class ReadinessProbe:
    """One request at a time. The listening socket accepts it before a server does: the answer may come later."""

    def __init__(self, listener: socket.socket, environ: Mapping[str, str]) -> None:
        self._address, self._family = reachable(listener), listener.family
        host = _allowed_name(environ) or self._address[0]
        self._request = f"GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        self._socket: socket.socket | None = None
        self._sent = 0.0
        self.ready = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def pause(self) -> float:
        """Seconds until the next `check` is useful, unless one of `descriptors` becomes readable before."""
        return TIMEOUT_SECONDS / 10 if self._socket else PAUSE_SECONDS

    def descriptors(self) -> list[int]:
        return [self._socket.fileno()] if self._socket else []

    def check(self) -> None:
        """Send the request, or read its answer if it has arrived."""
        try:
            if self._socket:
                self._read()
            else:
                self._send()
        except BlockingIOError:
            if time.monotonic() - self._sent > TIMEOUT_SECONDS:
                self._close()
        except OSError:
            self._close()

    def _send(self) -> None:
        self._sent = time.monotonic()
        self._socket = socket.socket(self._family)
        self._socket.connect(self._address)  # immediate: the listener is on this machine
        self._socket.sendall(self._request)
        self._socket.setblocking(False)

    def _read(self) -> None:
        assert self._socket is not None
        self.ready = self._socket.recv(4096).split(b" ")[1:2] == [b"200"]
        self._close()

    def _close(self) -> None:
        if self._socket:
            self._socket.close()
        self._socket = None


def _allowed_name(environ: Mapping[str, str]) -> str:
    """Return a host name that the server answers to; "" where it answers to the loopback address."""
    first = environ.get("ALLOWED_HOSTS", "").split(",")[0].strip()
    return "" if first == "*" else first.lstrip(".")
