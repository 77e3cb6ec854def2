"""A TCP proxy between browser and server that can be cut and restored."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType

# Bytes per read: a whole answer passes in a few of them.
CHUNK_BYTES = 65_536


class NetworkLink:
    """A proxy at `url` for the server on a port; `broken` counts the connections that were cut."""

    def __init__(self, port: int) -> None:
        self._port, self._down = port, False
        self._ends = set[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.broken = 0

    def __enter__(self) -> NetworkLink:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.cut()
        _end(self._listener)

    def cut(self) -> None:
        """Close all connections at once and refuse new ones."""
        self._down = True
        ends = list(self._ends)
        self.broken += len(ends) // 2
        for end in ends:
            _end(end)

    def restore(self) -> None:
        self._down = False

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self._down:
                    _end(near)
                else:
                    self._join(near, socket.create_connection(("127.0.0.1", self._port)))

    def _join(self, near: socket.socket, far: socket.socket) -> None:
        self._ends |= {near, far}
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                target.sendall(data)
        for end in (source, target):
            self._ends.discard(end)
            _end(end)


def _end(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
