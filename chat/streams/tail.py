"""The newest part of a response's logs in memory, and the events for their readers."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter, itemgetter

import msgspec

from chat.models import Response, ToolState, ToolUse

# Bytes given to a reader at once.
READ_BYTES = 65_536


class TextEvent(
    msgspec.Struct, frozen=True, gc=False
):  # one for each delta: ten times as quick as a dataclass
    """The next bytes, whole characters; `offset` is the position after them."""

    data: bytes
    offset: int


class ThoughtEvent(msgspec.Struct, frozen=True, gc=False):
    """The next bytes of thought, whole characters; `thinking_offset` is the position after them."""

    data: bytes
    thinking_offset: int


@dataclass(frozen=True, slots=True)
class ToolEvent:
    """A change of one tool call; it stands at `text_offset` of the text and at `thinking_offset` of the thought."""

    name: str
    state: str
    call_id: str = ""
    text_offset: int = 0
    thinking_offset: int = 0


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


LogEvent = TextEvent | ThoughtEvent | ToolEvent | Heartbeat | StartEvent | EndEvent


class ThoughtTail:
    """The newest part of a response's thought: the bytes [base, end), in stretches, each at an offset of the text."""

    __slots__ = ("_buffer", "_stretches", "base")

    def __init__(self, base: int) -> None:
        self.base = base
        self._buffer = bytearray()
        # The start of each stretch in the thought, and its offset in the text.
        self._stretches: list[tuple[int, int]] = []

    @property
    def end(self) -> int:
        return self.base + len(self._buffer)

    def grow(self, data: bytes, text_offset: int) -> None:
        if not self._stretches or self._stretches[-1][1] != text_offset:
            self._stretches.append((self.end, text_offset))
        self._buffer += data

    def forget(self, before: int) -> None:
        """Drop the bytes before an offset; they can be read from the table."""
        if before > self.base:
            del self._buffer[: before - self.base]
            self.base = before
            while len(self._stretches) > 1 and self._stretches[1][0] <= before:
                del self._stretches[0]

    def read(self, offset: int) -> tuple[int, bytes]:
        """Return the bytes from `offset` on that stand at one text offset, at most READ_BYTES, and that text offset."""
        start, place = self._stretches[-1]
        stop = self.end
        if offset < start:
            number = bisect_right(self._stretches, offset, key=itemgetter(0)) - 1
            place, stop = self._stretches[number][1], self._stretches[number + 1][0]
        if stop - offset <= READ_BYTES:
            return place, bytes(memoryview(self._buffer)[offset - self.base : stop - self.base])
        return place, _whole_characters(self._buffer[offset - self.base : offset + READ_BYTES - self.base])

    def start_at(self, text_offset: int) -> int | None:
        """Return the start of the first stretch at or behind a text offset; None where only the table can tell."""
        if self.base > 0 and (not self._stretches or self._stretches[0][1] >= text_offset):
            return None
        return self.first_from(text_offset)

    def first_from(self, text_offset: int) -> int:
        """Return the start of the first stretch in memory at or behind a text offset; without one, the end."""
        return next((start for start, at in self._stretches if at >= text_offset), self.end)


def _whole_characters(data: bytearray) -> bytes:
    """Return the bytes without a character that the end cuts."""
    for back in range(1, min(4, len(data)) + 1):
        lead = data[-back]
        if lead & 0xC0 != 0x80:
            size = 1 if lead < 0x80 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
            return bytes(data if size == back else data[:-back])
    return bytes(data)


class ToolLog:
    """The tool calls of a response as a list of events that only grows, the same for every reader.

    The calls of a round begin in their order, and their ends are listed in that order too, whenever they came.
    """

    __slots__ = ("_open", "events")

    def __init__(self) -> None:
        self.events: list[ToolEvent] = []
        # The calls of the round whose ends are not listed yet; None: the call has not ended.
        self._open: dict[str, tuple[ToolEvent, str | None]] = {}

    def start(self, calls: Iterable[ToolEvent]) -> None:
        for call in calls:
            self._open[call.call_id] = (call, None)
            self.events.append(call)

    def end(self, call_id: str, state: str) -> None:
        if call_id in self._open:
            self._open[call_id] = (self._open[call_id][0], state)
        while self._open:
            first = next(iter(self._open))
            call, ended = self._open[first]
            if ended is None:
                return
            self.events.append(replace(call, state=ended))
            del self._open[first]

    def fail_open(self) -> None:
        """End the calls that their process did not end."""
        for call_id in list(self._open):
            self.end(call_id, ToolState.FAILED)


class Tail:
    """The bytes [base, end) of one log, the response's thought and tool calls, and the readers that wait for more."""

    __slots__ = (
        "_buffer",
        "_loop",
        "_waiters",
        "base",
        "ended",
        "ephemeral",
        "final",
        "mirrored",
        "readers",
        "started",
        "thought",
        "tools",
    )

    def __init__(self, *, mirrored: bool = False) -> None:
        self.base = 0
        self.mirrored = mirrored  # written in another process, whose last moments the table may lack
        self.started = False  # the response has left the queue
        self.ended = False
        self.final: Response | None = None
        self.readers = 0
        # Ranges of our own think items; most answers have neither those nor thought nor tool calls.
        self.ephemeral: list[tuple[int, int]] = []
        self.thought: ThoughtTail | None = None
        self.tools: ToolLog | None = None
        self._buffer = bytearray()
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

    @property
    def text_end(self) -> int:
        """Return the end of the text that is shown: of the log without the think items at its end."""
        end = self.end
        for start, stop in reversed(self.ephemeral):
            if stop != end:
                break
            end = start
        return end

    @property
    def thinking_end(self) -> int:
        return self.thought.end if self.thought else 0

    @property
    def tool_events(self) -> list[ToolEvent]:
        return self.tools.events if self.tools else []

    def grow(self, data: bytes) -> None:
        self._buffer += data
        self.wake()

    def grow_ephemeral(self, data: bytes) -> None:
        self.ephemeral = [*self.ephemeral, (self.end, self.end + len(data))]
        self.grow(data)

    def think(self, data: bytes, text_offset: int) -> None:
        """Add thought that stands at an offset of the text."""
        if self.thought is None:
            self.thought = ThoughtTail(0)
        self.thought.grow(data, text_offset)
        self.wake()

    def start_tools(self, calls: Iterable[ToolEvent]) -> None:
        self.tools = self.tools or ToolLog()
        self.tools.start(calls)
        self.wake()

    def end_tool(self, call_id: str, state: str) -> None:
        if self.tools is not None:
            self.tools.end(call_id, state)
            self.wake()

    def load_tools(self, uses: list[ToolUse]) -> None:
        """Replace the tool calls by those of the table, of which the first ones are the same."""
        self.tools = ToolLog()
        for _, together in groupby(uses, key=attrgetter("round")):
            calls = list(together)
            self.tools.start(
                ToolEvent(use.name, ToolState.STARTED, use.call_id, use.text_offset, use.thinking_offset)
                for use in calls
            )
            for use in calls:
                if use.state != ToolState.STARTED:
                    self.tools.end(use.call_id, use.state)
        self.wake()

    def forget(self, before: int) -> None:
        """Drop the bytes before an offset; they can be read from the table."""
        if before > self.base:
            del self._buffer[: before - self.base]
            self.base = before

    def forget_thought(self, before: int) -> None:
        if self.thought is not None:
            self.thought.forget(before)

    def read(self, offset: int) -> bytes:
        """Return the bytes from `offset` on, at most READ_BYTES, whole characters only."""
        start = offset - self.base
        if start == 0 and len(self._buffer) <= READ_BYTES:
            return bytes(self._buffer)
        stop = min(start + READ_BYTES, len(self._buffer))
        while stop < len(self._buffer) and self._buffer[stop] & 0xC0 == 0x80:
            stop -= 1
        return bytes(memoryview(self._buffer)[start:stop])

    def start(self) -> None:
        self.started = True
        self.wake()

    def finish(self, final: Response | None) -> None:
        self.started, self.ended, self.final = True, True, final
        if self.tools is not None:
            self.tools.fail_open()
        self.wake()

    def wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    def changed(self) -> asyncio.Future[None]:
        """Return a future that resolves with the next text, thought, tool event, heartbeat or end."""
        # No coroutine: each around a wait for a delta is one more to wake.
        waiter: asyncio.Future[None] = self._loop.create_future()
        self._waiters.append(waiter)
        return waiter
