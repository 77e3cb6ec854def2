"""Writers of logs: each response gathers text, and one periodic statement stores all of it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from chat import db
from chat.conf import settings
from chat.exceptions import Unavailable, format_traceback_without_message
from chat.models import Response
from chat.streams import storage
from chat.streams.storage import Append, LogSegment, StopRequest, pack_timing
from chat.streams.tail import Tail
from chat.telemetry import observers

logger = logging.getLogger(__name__)

# Bytes of one response: a burst is written before its tick, so that `kill -9` loses little.
FLUSH_BYTES = 8_192
# Between two writes under CHAT_DURABLE, where readers wait for them: less than a frame of a screen, and enough deltas for one
# commit. `docs/` has the price.
DURABLE_SECONDS = 0.015
# Bytes of one response kept while the database is away: 20 s of a fast model.
UNCONFIRMED_BYTES = 65_536
# Bytes of all responses of a process kept while the database is away.
UNCONFIRMED_TOTAL = 64 * 1024 * 1024


class UnconfirmedLog:
    """The bytes of one log that the table lacks. `start`: the end of the table's, as far as known here."""

    __slots__ = ("_data", "_pieces", "_text_offset", "_timings", "end", "pending", "start")

    def __init__(self, start: int = 0) -> None:
        self.start = self.end = start
        self.pending = 0
        self._pieces: list[LogSegment] = []
        self._data, self._timings, self._text_offset = bytearray(), bytearray(), 0

    def add(self, data: bytes, timing: bytes, text_offset: int = 0) -> None:
        """Add bytes; those at another `text_offset` than the bytes before them begin a new segment."""
        if text_offset != self._text_offset:
            self._cut()
            self._text_offset = text_offset
        self._data += data
        self._timings += timing
        self.pending += len(data)
        self.end += len(data)

    def add_ephemeral(self, data: bytes, timing: bytes) -> None:
        self._cut()
        self._pieces.append(LogSegment(data, timing, ephemeral=True))
        self.pending += len(data)
        self.end += len(data)

    def pieces(self) -> list[LogSegment]:
        self._cut()
        return list(self._pieces)

    def _cut(self) -> None:
        if self._data:
            self._pieces.append(
                LogSegment(bytes(self._data), bytes(self._timings), text_offset=self._text_offset)
            )
            self._data, self._timings = bytearray(), bytearray()

    def confirm(self, stop: int) -> int:
        """Forget the bytes before `stop`, which the table has. Return their number."""
        before = self.start
        while self._pieces and self.start + len(self._pieces[0].data) <= stop:
            self._drop(len(self._pieces.pop(0).data))
        if self._pieces and self.start < stop:
            self._pieces[0] = storage.drop_prefix(self._pieces[0], stop - self.start)
            self._drop(stop - self.start)
        return self.start - before

    def _drop(self, size: int) -> None:
        self.start += size
        self.pending -= size


class Writer:
    """The only writer of a response's logs of text and of thought."""

    __slots__ = (
        "_flusher",
        "_started",
        "_text",
        "_thinking_since",
        "_thought",
        "_thought_seconds",
        "epoch",
        "response",
        "tail",
        "thinking",
    )

    def __init__(
        self, response: int, epoch: int, tail: Tail, flusher: Flusher, resumed: Response | None = None
    ) -> None:
        self.response, self.epoch, self.tail = response, epoch, tail
        self._flusher = flusher
        # A response that goes on keeps its time: that for which it waited counts nowhere.
        self._started = time.monotonic() - (resumed.active_ms / 1000 if resumed else 0.0)
        # Since when the model has been thinking (monotonic), and the seconds of its earlier thought; None without thought.
        self._thinking_since: float | None = None
        self._thought_seconds: float | None = None
        # Whether a stretch of thought is going on; no property, for each delta asks.
        self.thinking = False
        self._text = UnconfirmedLog(resumed.log_length if resumed else 0)
        self._thought: UnconfirmedLog | None = None  # most answers have none, and it takes 0.3 KB
        if resumed is not None:
            self._go_on(resumed)

    def _go_on(self, row: Response) -> None:
        if row.thinking_length:
            self._thought = UnconfirmedLog(row.thinking_length)
        if row.thinking_ms is not None:
            self._thought_seconds = row.thinking_ms / 1000

    @property
    def active_ms(self) -> int:
        """Return the milliseconds that the response has run, without those for which it waited."""
        return int((time.monotonic() - self._started) * 1000)

    @property
    def length(self) -> int:
        return self._text.end

    @property
    def thinking_length(self) -> int:
        return self._thought.end if self._thought else 0

    @property
    def thinking_ms(self) -> int | None:
        """Return the time that the thought has taken so far; None without thought."""
        if self._thought_seconds is None:
            return None
        going_on = 0.0 if self._thinking_since is None else time.monotonic() - self._thinking_since
        return int((self._thought_seconds + going_on) * 1000)

    def begin_thought(self) -> None:
        self.thinking, self._thinking_since = True, time.monotonic()
        self._thought_seconds = self._thought_seconds or 0.0

    def end_thought(self) -> None:
        """End the stretch of thought, if there is one."""
        if self._thinking_since is not None and self._thought_seconds is not None:
            self._thought_seconds += time.monotonic() - self._thinking_since
            self.thinking, self._thinking_since = False, None

    @property
    def pending(self) -> int:
        """Return the bytes that are not yet in the table."""
        return self._text.pending + (self._thought.pending if self._thought else 0)

    def append(self, data: bytes) -> None:
        """Append whole characters: readers in this process see them at once, the table soon."""
        size = len(data)
        self._text.add(data, pack_timing(int((time.monotonic() - self._started) * 1000), size))
        self._flusher.on_text_gathered(self, size)
        self.tail.grow(data)

    def append_ephemeral(self, data: bytes) -> None:
        """Append one think item: replayed like all text, but not part of the message."""
        self._text.add_ephemeral(data, pack_timing(self.active_ms, len(data)))
        self._flusher.on_text_gathered(self, len(data))
        self.tail.grow_ephemeral(data)

    def append_thought(self, data: bytes) -> None:
        """Append whole characters of thought, which stand at the end of the text so far."""
        size, thought, text_offset = len(data), self._thought, self._text.end
        if thought is None:
            thought = self._thought = UnconfirmedLog()
        thought.add(data, pack_timing(int((time.monotonic() - self._started) * 1000), size), text_offset)
        self._flusher.on_text_gathered(self, size)
        self.tail.think(data, text_offset)

    @property
    def full(self) -> bool:
        """Tell if this log, or all logs together, exceed the bound for unconfirmed text."""
        return self.pending > UNCONFIRMED_BYTES or self._flusher.pending > UNCONFIRMED_TOTAL

    async def give_way(self) -> None:
        """Let other tasks run, and wait while it is full. Raise Unavailable like `wait_for_room`."""
        # A writer that never waits would hold the event loop.
        await asyncio.sleep(0)
        await self.wait_for_room()

    async def wait_for_room(self) -> None:
        """Wait while it is full. Raise Unavailable when the database is away and nothing will be confirmed."""
        while self.full:
            if not self._flusher.healthy:
                raise Unavailable("The database cannot be reached, and no more text can be kept in memory.")
            await self._flusher.flushed()

    def pending_append(self) -> Append:
        """Return the text and the thought that the table lacks; they stay pending until `confirm`."""
        text = Append(self.response, self.epoch, self._text.start, self._text.pieces())
        if self._thought is None:
            return text
        return replace(
            text,
            thinking_start=self._thought.start,
            thoughts=self._thought.pieces(),
            thinking_ms=self.thinking_ms,
        )

    def confirm(self, stop: int, thinking_stop: int) -> None:
        """Forget the text and the thought that the table has."""
        self._flusher.pending -= self._text.confirm(stop)
        self.tail.forget(self._text.start)
        if self._thought is not None:
            self._flusher.pending -= self._thought.confirm(thinking_stop)
            self.tail.forget_thought(self._thought.start)


class Flusher:
    """The writers of this process and the task that stores their text in batches."""

    def __init__(self, on_stop: Callable[[StopRequest], None], on_lost: Callable[[int], None]) -> None:
        self.pending = 0
        self._writers: dict[int, Writer] = {}
        self._dirty: dict[int, Writer] = {}
        self._on_stop, self._on_lost = on_stop, on_lost
        self._wake = asyncio.Event()
        self._hurry = asyncio.Event()
        self._writing = asyncio.Lock()
        self._waiters: list[asyncio.Future[None]] = []
        self.healthy = True

    def open(self, response: int, epoch: int, tail: Tail, resumed: Response | None = None) -> Writer:
        """Return the writer of a response; of one that goes on, from the ends of its logs."""
        writer = self._writers[response] = Writer(response, epoch, tail, self, resumed)
        return writer

    async def close(self, writer: Writer) -> Append:
        """Remove a writer from the batches. Return its unstored text, which the caller stores."""
        async with self._writing:
            self._writers.pop(writer.response, None)
            self._dirty.pop(writer.response, None)
            self.pending -= writer.pending
        return writer.pending_append()

    def on_text_gathered(self, writer: Writer, size: int) -> None:
        self.pending += size
        if writer.response not in self._dirty:
            self._dirty[writer.response] = writer
            self._wake.set()
        if writer.pending >= FLUSH_BYTES:
            self._hurry.set()

    async def flushed(self) -> None:
        """Wait for the end of the next batch, written or not."""
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        await waiter

    async def run(self) -> None:
        """Flush until cancelled."""
        while True:
            await self._wake.wait()
            await self._tick()
            await self.flush()

    async def _tick(self) -> None:
        try:
            async with asyncio.timeout(DURABLE_SECONDS if settings.durable else settings.flush_seconds):
                await self._hurry.wait()
        except TimeoutError:
            return

    async def flush(self) -> None:
        """Store the text gathered by all writers."""
        async with self._writing:
            self._wake.clear()
            self._hurry.clear()
            batch, self._dirty = list(self._dirty.values()), {}
            additions = [writer.pending_append() for writer in batch]
            additions = [addition for addition in additions if addition.pieces or addition.thoughts]
            if additions:
                await self._store(additions)
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def _store(self, additions: list[Append]) -> None:
        began = time.monotonic()
        try:
            written, stopping = await db.run_in_log_thread(storage.append, additions)
        except Unavailable:
            self._failed(additions)
            return
        except Exception as problem:
            # Unforeseen; but all logs of this process depend on the loop that called.
            logger.error(
                "action=flush_failed reason=%s\n%s",
                type(problem).__name__,
                format_traceback_without_message(problem),
            )
            self._failed(additions)
            return
        self._recovered()
        for observer in observers():
            observer.flushed(time.monotonic() - began, len(additions))
        for addition in additions:
            if addition.response in written:
                self._confirm(addition.response, addition.stop, addition.thinking_stop)
            else:
                await self._resume(addition)
        for stop in stopping:
            self._on_stop(stop)

    def _confirm(self, response: int, stop: int, thinking_stop: int) -> None:
        writer = self._writers.get(response)
        if writer is not None:
            writer.confirm(stop, thinking_stop)

    def _failed(self, additions: list[Append]) -> None:
        if self.healthy:
            logger.warning("action=log_waits responses=%d", len(additions))
        self.healthy = False
        self._again([addition.response for addition in additions])

    def _recovered(self) -> None:
        if not self.healthy:
            logger.warning("action=log_goes_on")
        self.healthy = True

    def _again(self, responses: list[int]) -> None:
        for response in responses:
            writer = self._writers.get(response)
            if writer is not None:
                self._dirty[response] = writer
                self._wake.set()

    async def _resume(self, addition: Append) -> None:
        """Continue a refused append from the stored end, or give the response up to its new owner."""
        try:
            stored = await db.run_in_log_thread(storage.lengths_if_owned, addition.response, addition.epoch)
        except Unavailable:
            self._again([addition.response])
            return
        if stored is None or stored[0] < addition.start or stored[1] < addition.thinking_start:
            self._on_lost(addition.response)  # or the database has forgotten what it had confirmed
        else:
            self._confirm(addition.response, *stored)
            self._again([addition.response])
