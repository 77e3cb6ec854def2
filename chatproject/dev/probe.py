"""Asks `/readyz` until the server is ready, without blocking the one who asks."""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

from chatproject.dev.listening import reachable

PAUSE_SECONDS = 0.02  # after an answer that is not yet "ready": migrations are being applied
TIMEOUT_SECONDS = 5.0  # for one answer: after it the process that took the question is thought dead


class ReadinessProbe:
    """One question at a time. The socket takes connections before a server does: the answer comes when it can."""

    def __init__(self, listener: socket.socket, environ: Mapping[str, str]) -> None:
        self._address, self._family = reachable(listener), listener.family
        host = _allowed_name(environ) or self._address[0]
        self._question = f"GET /readyz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()
        self._socket: socket.socket | None = None
        self._asked = 0.0
        self.ready = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    @property
    def pause(self) -> float:
        """Seconds until the next `look` makes sense, unless one of `descriptors` becomes readable before."""
        return TIMEOUT_SECONDS / 10 if self._socket else PAUSE_SECONDS

    def descriptors(self) -> list[int]:
        return [self._socket.fileno()] if self._socket else []

    def check(self) -> None:
        """Ask, or read the answer if it is there."""
        try:
            if self._socket:
                self._read()
            else:
                self._ask()
        except BlockingIOError:
            if time.monotonic() - self._asked > TIMEOUT_SECONDS:
                self._close()
        except OSError:
            self._close()

    def _ask(self) -> None:
        self._asked = time.monotonic()
        self._socket = socket.socket(self._family)
        self._socket.connect(self._address)  # at once: the listener is this machine's
        self._socket.sendall(self._question)
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
    """A host that the server answers to; "" where it answers to the loopback."""
    first = environ.get("ALLOWED_HOSTS", "").split(",")[0].strip()
    return "" if first == "*" else first.lstrip(".")
