"""The newest part of a log in memory, and the events for its readers."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import msgspec

from chat.models import Response

# Bytes given to a reader at once.
READ_BYTES = 65_536
# Tool events remembered for readers that are slightly behind.
MAX_TOOL_EVENTS = 64


class TextEvent(
    msgspec.Struct, frozen=True, gc=False
):  # one for each delta: ten times as quick as a dataclass
    """The next bytes, whole characters; `offset` is the position after them."""

    data: bytes
    offset: int


@dataclass(frozen=True, slots=True)
class ToolEvent:
    """A tool's state, `started`, `done` or `failed`, sent while it runs."""

    name: str
    state: str


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life: no news for some seconds."""


@dataclass(frozen=True, slots=True)
class StartEvent:
    """The first event: the offset of the reading, and the response's state."""

    status: str
    offset: int


@dataclass(frozen=True, slots=True)
class EndEvent:
    """The last event, exactly one; `offset` is the log's end, `response` the final row (None: deleted)."""

    offset: int
    response: Response | None


LogEvent = TextEvent | ToolEvent | Heartbeat | StartEvent | EndEvent


class Tail:
    """The bytes [base, end) of one log, and the readers that wait for more."""

    __slots__ = (
        "_buffer",
        "_hints",
        "_loop",
        "_waiters",
        "base",
        "ended",
        "final",
        "hinted",
        "mirrored",
        "readers",
        "started",
    )

    def __init__(self, *, mirrored: bool = False) -> None:
        self.base = 0
        self.mirrored = mirrored  # written in another process, whose last moments the table may lack
        self.started = False  # the response has left the queue
        self.ended = False
        self.final: Response | None = None
        self.hinted = 0  # hints so far
        self.readers = 0
        self._buffer = bytearray()
        self._hints: list[tuple[int, int, ToolEvent]] = []
        self._waiters: list[asyncio.Future[None]] = []
        self._loop = asyncio.get_running_loop()

    async def __aenter__(self) -> Tail:
        self.readers += 1
        return self

    async def __aexit__(self, *problem: object) -> None:
        """Count the reader out; the tail lives as long as its writer."""
        self.readers -= 1

    @property
    def end(self) -> int:
        return self.base + len(self._buffer)

    def grow(self, data: bytes) -> None:
        self._buffer += data
        self.wake()

    def forget(self, before: int) -> None:
        """Drop the bytes before an offset; they can be read from the table."""
        if before > self.base:
            del self._buffer[: before - self.base]
            self.base = before

    def read(self, offset: int) -> bytes:
        """Return the bytes from `offset` on, at most READ_BYTES, whole characters only."""
        start = offset - self.base
        if start == 0 and len(self._buffer) <= READ_BYTES:
            return bytes(self._buffer)
        stop = min(start + READ_BYTES, len(self._buffer))
        while stop < len(self._buffer) and self._buffer[stop] & 0xC0 == 0x80:
            stop -= 1
        return bytes(memoryview(self._buffer)[start:stop])

    def hint(self, tool: ToolEvent) -> None:
        self.hinted += 1
        self._hints = [*self._hints[1 - MAX_TOOL_EVENTS :], (self.hinted, self.end, tool)]
        self.wake()

    def hints_after(self, seen: int, offset: int) -> list[ToolEvent]:
        """Return the tool events after number `seen` that the reader's text has reached."""
        return [tool for number, at, tool in self._hints if number > seen and at <= offset]

    def start(self) -> None:
        self.started = True
        self.wake()

    def finish(self, final: Response | None) -> None:
        self.started, self.ended, self.final = True, True, final
        self.wake()

    def wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def changed(self) -> asyncio.Future[None]:
        """Return a future that resolves with the next text, tool event, heartbeat or end."""
        # No coroutine: each around a wait for a delta is one more to wake.
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.append(waiter)
        return waiter
