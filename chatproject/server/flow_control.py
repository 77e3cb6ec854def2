"""Flow control of one connection: the bytes still to be sent, and the applications that wait for room."""

# ruff: noqa: N802
# The method names of a producer are Twisted's.

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import socket
import struct
import termios
from typing import Any, Protocol

from chatproject.server import loop

# For SO_LINGER: closing resets.
_RESET = struct.pack("ii", 1, 0)


class FlowRegistry(Protocol):
    """The server's view of its connections: all of them, and those whose readers may have stalled."""

    flows: set[FlowControl]
    watched: set[FlowControl]


class FlowControl:
    """Flow control of one connection, paused and resumed by its transport, one of asyncio's or of Twisted's.

    `full` from the transport's mark of 64 KiB on until the kernel has taken everything; `closed` once the connection has
    ended. `descriptor`: that of the socket.
    """

    __slots__ = ("_descriptor", "_since", "_unacked", "_waiters", "closed", "full", "registry", "transport")

    def __init__(self, transport: Any, descriptor: int, registry: FlowRegistry) -> None:
        self.transport, self.registry = transport, registry
        self._descriptor = descriptor
        self.full = self.closed = False
        self._waiters: list[asyncio.Future[None]] = []
        self._unacked = self._since = 0.0
        registry.flows.add(self)

    async def drained(self) -> None:
        """Wait until there is room again or the connection has ended."""
        if self.full:
            waiter: asyncio.Future[None] = loop.create_future()
            self._waiters.append(waiter)
            await waiter

    def pauseProducing(self) -> None:
        self.full = True
        self.watch()

    def resumeProducing(self) -> None:
        self.full = False
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        self.registry.watched.discard(self)

    def stopProducing(self) -> None:
        self.closed = True
        self.resumeProducing()
        self.registry.flows.discard(self)

    def abort(self) -> None:
        """Reset the connection: what its reader has not taken is kept no longer, in the kernel neither."""
        if self.closed:
            return
        with contextlib.suppress(OSError):
            connected = socket.socket(fileno=self._descriptor)
            try:
                connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            finally:
                connected.detach()  # the transport closes it; a copy could not be had where descriptors have run out
        self.transport.abort()

    def watch(self) -> None:
        """Abort the connection later if its reader acknowledges nothing from now on."""
        if not self.closed and self not in self.registry.watched:
            self._unacked, self._since = self.unacked_bytes(), loop.time()
            self.registry.watched.add(self)

    def stalled_seconds(self) -> float:
        """Return the time since the reader last acknowledged a byte; 0 where nothing is unacknowledged."""
        unacked = self.unacked_bytes()
        if unacked < self._unacked or not unacked:
            self._since = loop.time()
        self._unacked = unacked
        return loop.time() - self._since

    def pending_bytes(self) -> int:
        """Return the number of bytes that the kernel does not have yet."""
        return 0 if self.closed else int(self.transport.get_write_buffer_size())

    def unacked_bytes(self) -> int:
        """Return the number of bytes not acknowledged by the peer, or pending where the kernel gives no figure."""
        if self.closed:
            return 0
        kernel = bytearray(4)
        with contextlib.suppress(OSError, ValueError):
            fcntl.ioctl(self._descriptor, termios.TIOCOUTQ, kernel)
        return self.pending_bytes() + int.from_bytes(kernel, "little")
