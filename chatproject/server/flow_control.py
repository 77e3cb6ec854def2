"""What one connection still has to send."""

# ruff: noqa: N802
# The names of a producer are Twisted's.

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import termios
from typing import Any, Protocol

from chatproject.server import loop


class Watcher(Protocol):
    """Who cuts the readers that take nothing: the server."""

    outbounds: set[Outbound]
    watched: set[Outbound]


class Outbound:
    """What one connection still has to send, as the producer that Twisted tells of it.

    It is `full` from 64 KiB on, which is Twisted's mark, until the kernel has all; `gone` when nobody reads.
    """

    def __init__(self, transport: Any, watcher: Watcher) -> None:
        self.transport, self.watcher = transport, watcher
        self.full = self.gone = False
        self._waiting: list[asyncio.Future[None]] = []
        self._left = self._since = 0.0
        watcher.outbounds.add(self)

    async def drained(self) -> None:
        """Return once there is room again or nobody to send to."""
        if self.full:
            waiter: asyncio.Future[None] = loop.create_future()
            self._waiting.append(waiter)
            await waiter

    def pauseProducing(self) -> None:
        self.full = True
        self.watch()

    def resumeProducing(self) -> None:
        self.full = False
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)
        self.watcher.watched.discard(self)

    def stopProducing(self) -> None:
        self.gone = True
        self.resumeProducing()
        self.watcher.outbounds.discard(self)

    def watch(self) -> None:
        """Have the connection cut if its reader takes nothing from now on."""
        if self not in self.watcher.watched:
            self._left, self._since = self.untaken(), loop.time()
            self.watcher.watched.add(self)

    def stalled_seconds(self) -> float:
        """How long the reader has taken nothing; 0 where nothing waits for it."""
        left = self.untaken()
        if left < self._left or not left:
            self._since = loop.time()
        self._left = left
        return loop.time() - self._since

    def pending(self) -> int:
        """Bytes that the kernel does not have yet."""
        transport = self.transport
        return int(len(transport.dataBuffer) - transport.offset + transport._tempDataLen)

    def untaken(self) -> int:
        """Bytes that the reader's machine has not acknowledged; where the kernel does not tell, `pending`."""
        kernel = bytearray(4)
        with contextlib.suppress(OSError, ValueError):
            fcntl.ioctl(self.transport.fileno(), termios.TIOCOUTQ, kernel)
        return self.pending() + int.from_bytes(kernel, "little")
