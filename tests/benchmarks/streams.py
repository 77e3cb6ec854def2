"""One connection of the load client, over HTTP or a WebSocket. Deltas are counted in the text itself."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass, field
from typing import cast

import msgspec

from tests.benchmarks.script import MARK, SMALLEST, STAMP_RANGE

LAST_CHUNK = b"\r\n0\r\n\r\n"
# First bytes of whole WebSocket frames.
TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
MASKED = 0x80


@dataclass(slots=True)
class Seen:
    """The result of one connection: times in seconds from the request, `delays` of stamped deltas in microseconds."""

    deltas: int = 0
    bytes: int = 0
    reads: int = 0
    first: float | None = None
    took: float = 0.0
    error: str = ""
    delays: list[int] = field(default_factory=list)


class HttpStream(asyncio.Protocol):
    """A request whose answer is the bare text. `over` ends with the answer, or with a fault in `seen.error`."""

    transport: asyncio.Transport

    def __init__(self, request: bytes) -> None:
        self._request, self.seen = request, Seen()
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._head: bytes | None = b""
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self._began = time.monotonic()
        self.transport.write(self._request)

    def connection_lost(self, exc: Exception | None) -> None:
        self.end("the connection was closed")

    def end(self, error: str = "") -> None:
        if not self.over.done():
            self.seen.error, self.seen.took = error, time.monotonic() - self._began
            self.over.set_result(None)

    def data_received(self, data: bytes) -> None:
        if self._head is not None:
            data = self._past_head(data)
        if data:
            self.body(data)

    def _past_head(self, data: bytes) -> bytes:
        self._head = (self._head or b"") + data
        head, end, rest = self._head.partition(b"\r\n\r\n")
        if not end:
            return b""
        self._head = None
        if not head.startswith(self.status):
            self.end(head.split(b"\r\n", 1)[0].decode("latin1") + " " + rest[:200].decode("latin1"))
        return rest

    status = b"HTTP/1.1 200"

    def body(self, data: bytes) -> None:
        self.count(data)
        self._tail = (self._tail + data)[-len(LAST_CHUNK) :]
        if self._tail == LAST_CHUNK:
            self.end()

    def count(self, data: bytes) -> None:
        """Count the deltas in some text."""
        now, seen = time.monotonic(), self.seen
        seen.reads += 1
        seen.bytes += len(data)
        at = data.find(MARK)
        if at < 0:
            return
        if seen.first is None:
            seen.first = now - self._began
        stamp = data[at + 1 : at + SMALLEST]
        # In a burst all stamps are zero; elsewhere a read holds a delta or two, of which the oldest waited longest.
        if len(stamp) == SMALLEST - 1 and stamp.isdigit() and (sent := int(stamp)):
            seen.delays.append((int(now * 1e6) - sent) % STAMP_RANGE)
        seen.deltas += data.count(MARK)


class SocketStream(HttpStream):
    """A WebSocket that sends one frame and follows the response. `started` ends with the first `start`."""

    status = b"HTTP/1.1 101"

    def __init__(self, request: bytes, frame: bytes) -> None:
        super().__init__(request)
        self._frame, self._read, self._greeted = frame, bytearray(), False
        loop = asyncio.get_running_loop()
        self.started: asyncio.Future[None] = loop.create_future()
        self.ponged: asyncio.Future[None] = loop.create_future()

    def end(self, error: str = "") -> None:
        super().end(error)
        for waiting in (self.started, self.ponged):
            if not waiting.done():
                waiting.set_result(None)

    def _past_head(self, data: bytes) -> bytes:
        rest = super()._past_head(data)
        if self._head is None and not self.over.done():
            self._began = time.monotonic()
            self.send(self._frame)
        return rest

    def send(self, payload: bytes, kind: int = TEXT) -> None:
        self.transport.write(masked(payload, kind))

    def body(self, data: bytes) -> None:
        self._read += data
        while (found := unframed(self._read)) is not None:
            kind, payload = found
            self._take(kind, payload)

    def _take(self, kind: int, payload: bytes) -> None:
        if kind == PING:
            self.send(payload, PONG)
        elif kind == PONG and not self.ponged.done():
            self.ponged.set_result(None)
        elif kind == CLOSE:
            self.end("the socket was closed")
        elif MARK in payload:
            self.count(payload)
        elif kind == TEXT:
            self._event(msgspec.json.decode(payload))

    def _event(self, event: dict[str, object]) -> None:
        match event["type"]:
            case "start" if not self.started.done():
                self.started.set_result(None)
            case "end":
                self.end("" if event["status"] == "done" else f"the response is {event['status']}")
            case "error":
                self.end(f"{event['code']}: {event['detail']}")


def masked(payload: bytes, kind: int) -> bytes:
    """Return a client's frame, masked as RFC 6455 demands."""
    size, key = len(payload), os.urandom(4)
    length = bytes([MASKED | size]) if size < 126 else bytes([MASKED | 126]) + size.to_bytes(2, "big")
    pad = int.from_bytes((key * (size // 4 + 1))[:size], "big")
    return bytes([kind]) + length + key + (int.from_bytes(payload, "big") ^ pad).to_bytes(size, "big")


def unframed(data: bytearray) -> tuple[int, bytes] | None:
    """Remove and return the first whole frame of the buffer; None while it is incomplete."""
    if len(data) < 2:
        return None
    size, start = data[1], 2
    if size >= 126:
        start = 4 if size == 126 else 10
        size = int.from_bytes(data[2:start], "big")
    if len(data) < start + size:
        return None
    kind, payload = data[0], bytes(data[start : start + size])
    del data[: start + size]
    return kind, payload
