"""HTTP/1.1 connections to a model's server: one POST at a time, and the bytes of its answer as they come.

The reader is part of the project because reading is half of the cost of a delta. httptools parses, and the bytes of the
socket go straight to what takes them, or to the waiting task: 12.4 µs of CPU for a read of a paced answer where aiohttp
takes 17.5, 0.33 for a delta of a burst against 1.15 (100 streams × 50/s and 50 × 1,000 at once, alone on a core, in turn).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import httptools

# Unread bytes of an answer; beyond, nothing more is read from the socket.
BUFFER_BYTES = 65_536
# Bytes in a row without a byte of the body: heads, interim answers and trailers; 1 KB is usual.
HEAD_BYTES = 65_536
TIMED_OUT = b"HTTP/1.1 408 "


# Takes bytes of a body, or leaves them and returns False.
Consume = Callable[[bytes], bool]


class ConnectionBroken(ConnectionError):
    """The server closed the connection before the end of its answer, or the answer is not HTTP/1.1."""


class UpstreamConnection(asyncio.Protocol):
    """One connection. `status` and `headers` (lower-case names) are those of the current answer.

    `complete` is true once the whole answer has arrived, and before the first request. `on_unrequested`
    is called for bytes without a request.
    """

    __slots__ = (
        "_broken",
        "_chunks",
        "_consume",
        "_head_bytes",
        "_kept",
        "_loop",
        "_parser",
        "_paused",
        "_size",
        "_waiter",
        "complete",
        "headers",
        "idle_since",
        "on_unrequested",
        "status",
        "transport",
    )

    transport: asyncio.Transport
    _parser: httptools.HttpResponseParser

    def __init__(self) -> None:
        self.idle_since = 0.0
        # Kept: get_running_loop() makes a system call.
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._broken = False
        self.on_unrequested: Callable[[], object] = int
        self._begin()
        self.complete = True

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._chunks: list[bytes] = []  # a deque takes 0.7 KB
        self._consume: Consume | None = None
        self._size = self._head_bytes = 0
        self.complete = self._kept = self._paused = False
        self.status = 0
        self.headers: dict[bytes, bytes] = {}

    async def post(self, request: bytes) -> None:
        """Send a whole request and wait for the answer's head. Raise ConnectionBroken."""
        self._begin()
        self.transport.write(request)
        while not self.status:
            await self._change()

    async def read(self, consume: Consume | None = None) -> bytes:
        """Return all new bytes of the body, empty where it is `complete`, and where the connection has broken.

        While it waits, they go to `consume` in the turn of the event loop that brings them, and are returned where that leaves
        them; what it raises is raised here. To wake a task takes a future, a turn, and every coroutine around.
        """
        while not self._chunks:
            if self.complete or self._broken:
                return b""
            self._consume = consume
            try:
                await self._change()
            finally:
                self._consume = None  # an idle connection would keep the answer
        data = self._joined()
        self._clear()
        return data

    def _joined(self) -> bytes:
        chunks = self._chunks
        if len(chunks) > 1:
            chunks[:] = [b"".join(chunks)]
        return chunks[0]

    def _clear(self) -> None:
        self._chunks.clear()
        self._size = 0
        if self._paused:
            self._paused = False
            self.transport.resume_reading()

    def _change(self) -> asyncio.Future[None]:
        if self._broken:
            raise ConnectionBroken
        self._waiter = self._loop.create_future()
        return self._waiter

    @property
    def reusable(self) -> bool:
        return self.complete and self._kept and not (self._broken or self._paused)

    def close(self) -> None:
        """Close the connection at once, without waiting for the rest of the answer."""
        self.transport.abort()

    # Callbacks of asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have another base class.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        size = self._size
        try:
            if self.complete:
                # Servers may say why they close an idle connection.
                if not data.startswith(TIMED_OUT):
                    self.on_unrequested()
                raise ConnectionBroken
            self._parser.feed_data(data)
            if self._size == size:
                self._count_head(len(data))
        except (ConnectionBroken, httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._broken = True
            self.transport.abort()
        self._wake()

    def _count_head(self, size: int) -> None:
        # The parser keeps header lines, those after the last chunk as well, without a bound of its own.
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES:
            raise ConnectionBroken

    def connection_lost(self, problem: Exception | None) -> None:
        if not self.complete and self.status and problem is None and self._ends_with_connection():
            self.complete = True
        self._broken = True
        # The parser refers to this connection.
        del self._parser
        self._wake()

    def _ends_with_connection(self) -> bool:
        return b"content-length" not in self.headers and b"transfer-encoding" not in self.headers

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is None or waiter.done():
            return
        try:
            if self._consumed() and not (self.complete or self._broken):
                return
        except Exception as problem:
            waiter.set_exception(problem)
        else:
            waiter.set_result(None)
        # An error's traceback holds this frame and the connection: with the future in them, that would be a cycle.
        del waiter
        self._waiter = None

    def _consumed(self) -> bool:
        if self._consume is None or not self._chunks or not self._consume(self._joined()):
            return False
        self._clear()
        return True

    # Callbacks of the parser; an exception here comes out of `feed_data`

    def on_message_begin(self) -> None:
        if self.complete:
            self.on_unrequested()
            raise ConnectionBroken

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            # An interim answer (RFC 9110, 15.2).
            self.headers.clear()
        else:
            self.status, self._kept = status, self._parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        self._head_bytes = 0
        if self._size > BUFFER_BYTES and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        self.complete = bool(self.status)
