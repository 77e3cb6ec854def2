"""The newest part of a response's logs in memory, for its readers."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Iterable
from operator import itemgetter

from chat.models import PersonRequest, Response, ToolUse
from chat.streams.encodings import ReadTogether
from chat.streams.events import ProgressEvent, StepEvent, TextEvent, ThoughtEvent, ToolEvent
from chat.streams.progress import ProgressHints
from chat.streams.steps import ToolLog

# Bytes given to a reader at once.
READ_BYTES = 65_536

# The next event of a reader that has read all before it; None where it has to look itself, as at a mirror, which may have
# think items in its text, or text that stands behind thought.
News = TextEvent | ThoughtEvent | None

# Takes the next event of such a reader in the turn of the event loop that brings it; false where the reader has to be woken.
Take = Callable[[TextEvent | ThoughtEvent], bool]


class ThoughtTail(ReadTogether):
    """The newest part of a response's thought: the bytes [base, end), in stretches, each at an offset of the text."""

    __slots__ = ("_buffer", "_stretches", "_text_offset", "base", "end")

    def __init__(self, base: int) -> None:
        super().__init__()
        self.base = self.end = base
        self._buffer = bytearray()
        # The start of each stretch in the thought, and its offset in the text.
        self._stretches: list[tuple[int, int]] = []
        self._text_offset = -1  # that of the last stretch

    def grow(self, data: bytes, text_offset: int) -> int:
        """Append bytes that stand at an offset of the text. Return the end."""
        if text_offset != self._text_offset:
            self._stretches.append((self.end, text_offset))
            self._text_offset = text_offset
        self._buffer += data
        end = self.end = self.end + len(data)
        return end

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
            return place, bytes(self._buffer[offset - self.base : stop - self.base])
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


class Tail(ReadTogether):
    """The bytes [base, end) of one log, the response's thought and tool calls, and the readers that wait for more.

    `partial`: it lacks what came before it began, as a mirror does and the tail of a response that was resumed. `moved`: it
    gets no more, for another process or none goes on with the response; its readers open the log anew. `changes` counts the
    wake-ups: while it stands still, nothing here has changed.
    """

    __slots__ = (
        "_buffer",
        "_loop",
        "_waiters",
        "base",
        "changes",
        "end",
        "ended",
        "ephemeral",
        "final",
        "mirrored",
        "moved",
        "partial",
        "progress",
        "readers",
        "started",
        "thought",
        "tools",
        "waiting",
    )

    def __init__(self, *, mirrored: bool = False) -> None:
        super().__init__()
        self.base = self.end = 0
        self.mirrored = mirrored  # written in another process, whose last moments the table may lack
        self.partial = mirrored
        self.moved = False
        self.started = False  # the response has left the queue
        self.waiting = False  # for a person
        self.ended = False
        self.final: Response | None = None
        self.readers = self.changes = 0
        # Ranges of our own think items; most answers have neither those nor thought nor tool calls.
        self.ephemeral: list[tuple[int, int]] = []
        self.thought: ThoughtTail | None = None
        self.tools: ToolLog | None = None
        self.progress: ProgressHints | None = None
        self._buffer = bytearray()
        self._waiters: list[tuple[asyncio.Future[News], Take | None]] = []
        self._loop = asyncio.get_running_loop()

    async def __aenter__(self) -> Tail:
        self.readers += 1
        return self

    async def __aexit__(self, *problem: object) -> None:
        """Count the reader out; the tail lives as long as its writer."""
        self.readers -= 1

    def begin_at(self, offset: int) -> None:
        """Begin with the bytes behind an offset; those before it can be read from the table."""
        self.base = self.end = offset

    @property
    def written(self) -> int:
        """Return the end of what was written here, all of which readers see."""
        return self.end

    @property
    def text_end(self) -> int:
        """Return the end of the text that is shown: of the log without the think items at its end."""
        end = self.written
        for start, stop in reversed(self.ephemeral):
            if stop != end:
                break
            end = start
        return end

    @property
    def still(self) -> bool:
        """Return whether all that was written so far is here, and this tail gets no more by itself."""
        return self.ended or self.waiting or self.moved

    @property
    def thinking_end(self) -> int:
        return self.thought.end if self.thought else 0

    @property
    def tool_events(self) -> list[StepEvent]:
        return self.tools.events if self.tools else []

    @property
    def tool_ends(self) -> dict[str, int]:
        """Return the places in the text where calls ended, by their ids."""
        return self.tools.ends if self.tools else {}

    def grow(self, data: bytes) -> None:
        start, size = self.end, len(data)
        self._buffer += data
        end = self.end = start + size
        if self.mirrored or not self._waiters or size > READ_BYTES:
            self.wake()
        else:
            self.wake(TextEvent(data, end, self.shared(start, end) if self.readers > 1 else None))

    def grow_ephemeral(self, data: bytes) -> None:
        self.ephemeral = [*self.ephemeral, (self.end, self.end + len(data))]
        self._buffer += data
        self.end += len(data)
        self.wake()

    def think(self, data: bytes, text_offset: int) -> None:
        """Add thought that stands at an offset of the text."""
        thought = self.thought
        if thought is None:
            thought = self.thought = ThoughtTail(0)
        start = thought.end
        end = thought.grow(data, text_offset)
        if self.mirrored or not self._waiters or end - start > READ_BYTES:
            self.wake()
        else:
            self.wake(ThoughtEvent(data, end, thought.shared(start, end) if self.readers > 1 else None))

    def start_tools(self, calls: Iterable[ToolEvent]) -> None:
        self.tools = self.tools or ToolLog()
        self.tools.start(calls)
        self.wake()

    def end_tool(self, call_id: str, state: str) -> None:
        if self.tools is not None:
            self.tools.end(call_id, state, self.text_end)
            self.wake()
        if self.progress is not None:
            self.progress.end(call_id)

    def report_progress(self, call_id: str, fraction: float | None, message: str) -> None:
        """Show how far a running call is; that of a call which has ended comes too late."""
        call = self.tools.running(call_id) if self.tools else None
        if call is not None:
            self.progress = self.progress or ProgressHints(self.wake)
            self.progress.report(call_id, ProgressEvent(call_id, call.name, fraction, message))

    def begin(self, row: Response) -> None:
        """Begin at the stored ends of the logs; what is before them, readers take from the table."""
        self.partial = True
        self.begin_at(row.log_length)
        if row.thinking_length:
            self.thought = ThoughtTail(row.thinking_length)

    def load_tools(self, uses: list[ToolUse], requests: list[PersonRequest]) -> None:
        """Replace the tool calls and requests by those of the table, of which the first ones are the same."""
        self.tools = ToolLog.of(uses, requests)
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
        if offset == self.end:
            return b""
        start = offset - self.base
        if start == 0 and len(self._buffer) <= READ_BYTES:
            return bytes(self._buffer)
        stop = min(start + READ_BYTES, len(self._buffer))
        while stop < len(self._buffer) and self._buffer[stop] & 0xC0 == 0x80:
            stop -= 1
        # Of a delta's few bytes a copy takes half as long as a view.
        return bytes(self._buffer[start:stop])

    def start(self, *, waiting: bool = False) -> None:
        self.started, self.waiting = True, waiting
        self.wake()

    def move(self) -> None:
        """Send the readers to where the response goes on."""
        self.moved = True
        self.wake()

    def finish(self, final: Response | None) -> None:
        self.started, self.ended, self.final = True, True, final
        if self.tools is not None:
            self.tools.fail_open(self.end if final is None else final.log_length)
        self.wake()

    def wake(self, news: News = None) -> None:
        """Give readers that wait their next text or thought, where they take it at once; wake the others."""
        self.changes += 1
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            future, take = waiter
            if future.done():
                continue
            try:
                if news is not None and take is not None and take(news):
                    self._waiters.append(waiter)
                else:
                    future.set_result(news)
            except Exception as error:  # its reader's, and not the writer's
                future.set_exception(error)

    def changed(self, take: Take | None = None) -> asyncio.Future[News]:
        """Return a future that resolves with the next text or thought that `take` does not take.

        With None for a step, a heartbeat or the end.
        """
        # No coroutine: each around a wait for a delta is one more to wake.
        future: asyncio.Future[News] = self._loop.create_future()
        self._waiters.append((future, take))
        return future
