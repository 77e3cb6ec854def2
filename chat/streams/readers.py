"""The logs that are read in this process: stored bytes, then live ones, exactly once and in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from chat import db
from chat.conf import settings
from chat.models import ArtifactLabel, Response, Status
from chat.streams import positions, storage
from chat.streams.durable_tail import DurableTail
from chat.streams.events import (
    EndEvent,
    Heartbeat,
    LogEvent,
    ProgressEvent,
    StartEvent,
    StepEvent,
    TextEvent,
    ThoughtEvent,
    ToolEvent,
    WaitingEvent,
)
from chat.streams.mirror import Mirror
from chat.streams.positions import CATCH_UP_SECONDS, behind, ephemeral_ranges
from chat.streams.progress import ProgressHints
from chat.streams.tail import Tail, Take


class LogRegistry:
    """The tails of this process: those written here, and mirrors of others with readers here."""

    def __init__(self) -> None:
        self._written: dict[int, Tail] = {}
        self._mirrors: dict[int, Mirror] = {}

    def readers(self, response: int) -> int:
        """Return the number of readers of a log in this process."""
        known = self._written.get(response) or self._mirrors.get(response)
        return known.readers if known else 0

    def write(self, response: int) -> Tail:
        """Open the tail of a response that is written here from now on; readers of its mirror, if any, move to it."""
        tail = self._written[response] = DurableTail() if settings.durable else Tail()
        mirror = self._mirrors.pop(response, None)
        if mirror is not None:
            mirror.tail.move()
        return tail

    def written(self, response: int) -> Tail | None:
        return self._written.get(response)

    def close(self, response: int, final: Response | None) -> None:
        """End the tail of a response that was written here."""
        tail = self._written.pop(response, None)
        if tail is not None:
            tail.finish(final)

    def hand_over(self, response: int) -> None:
        """Send the readers of a response that was written here to the table: another process may go on with it."""
        tail = self._written.pop(response, None)
        if tail is not None:
            tail.move()

    def on_notify(self, responses: list[Any]) -> None:
        """Refresh the mirrors of the responses named in a notification."""
        for response in responses:
            mirror = self._mirrors.get(response)
            if mirror is not None:
                mirror.refresh.set()

    def refresh_all(self) -> None:
        """Refresh all mirrors, since notifications may have been missed."""
        self.on_notify(list(self._mirrors))

    def send_heartbeat(self) -> None:
        """Wake all readers so that they send a heartbeat."""
        for tail in [*self._written.values(), *(mirror.tail for mirror in self._mirrors.values())]:
            tail.wake()

    def _open(self, response: int) -> Tail | Mirror:
        """Return a context manager for the live tail: the local writer's, else a mirror's.

        A mirror is closed with its last reader.
        """
        tail = self._written.get(response)
        if tail is not None:
            return tail
        if response not in self._mirrors:
            self._mirrors[response] = Mirror(response, self._forget)
        return self._mirrors[response]

    def _forget(self, mirror: Mirror) -> None:
        if self._mirrors.get(mirror.response) is mirror:
            del self._mirrors[mirror.response]

    async def offset_of(self, response: int, shown: int) -> int:
        """Return the offset in a log behind so many bytes of it that are not our own think items.

        Its owner may have yet to flush what a reader has seen: wait for that, up to CATCH_UP_SECONDS.
        """
        async with self._open(response) as tail:
            earlier = await ephemeral_ranges(response, tail)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CATCH_UP_SECONDS):
                    while tail.mirrored and not tail.still and behind(earlier, tail, shown) > tail.end:
                        await tail.changed()
            return behind(earlier, tail, shown)

    async def started(self, response: int) -> None:
        """Wait until a response has left the queue or ended."""
        async with self._open(response) as tail:  # no response waits for a person before it has started
            while not tail.started:
                await tail.changed()

    async def final(self, response: int) -> Response | None:
        """Wait for the end of a response. Return its final state, None if it is deleted."""
        while True:
            async with self._open(response) as tail:
                while not tail.ended and not tail.moved:
                    await tail.changed()
                if tail.ended:
                    return tail.final

    # One function, though long: a generator around another costs every reader of every delta a turn of the loop, and 1 KB.
    async def follow(  # noqa: C901
        self,
        response: int,
        offset: int,
        thinking_offset: int | None = None,
        *,
        structured: bool = False,
        take: Take | None = None,
    ) -> AsyncGenerator[LogEvent]:
        """Yield StartEvent, then the log from `offset` exactly once and in order, then EndEvent.

        `thinking_offset`: where to begin in the thought, which comes where it stood in the text; FROM_TEXT begins with the
        first that stands at or behind `offset`; None leaves all of it out. `structured`: all tool calls are replayed, and our
        own think items left out; without it a reader gets the changes of tool calls that come while it reads. Requests to a
        person and their answers are replayed from `offset` on; while the response waits for one, WaitingEvent comes once.
        `take`: gets text and thought while the reader waits for more; what it returns false for is yielded, as all else is.

        Raise BadOffset before the first event; after it only Unavailable, when the table cannot be read.
        """
        cursor: ReaderCursor | None = None
        while True:
            async with self._open(response) as tail:
                if cursor is None:
                    offset = await positions.checked(response, tail, offset)
                    thinking = await positions.checked_thinking(response, tail, offset, thinking_offset)
                    cursor = ReaderCursor(response, tail, offset, thinking, replays=structured, take=take)
                    yield StartEvent(_status(tail), offset)
                cursor.move_to(tail)
                skipped = await ephemeral_ranges(response, tail) if structured else ()
                woken = False  # and nothing new was found since
                while True:
                    offset, limit = cursor.offset, tail.end
                    caught_up = cursor.all_read
                    if not caught_up:
                        event, limit = cursor.next(offset) or await cursor.next_stored(offset)
                        if event is not None:
                            woken = False
                            yield event
                            continue
                    data = (
                        tail.read(offset)
                        if offset >= tail.base
                        else await db.atomic_async(storage.read, response, offset)
                    )
                    if offset + len(data) > limit:
                        data = data[: limit - offset]
                    if structured and data:
                        data, ephemeral = _first_kind([*skipped, *tail.ephemeral], offset, data)
                        if ephemeral:
                            woken, cursor.offset = False, offset + len(data)
                            continue
                    if data:
                        woken, end = False, offset + len(data)
                        shared = tail.shared(offset, end) if tail.readers > 1 else None
                        cursor.offset = end
                        yield TextEvent(data, end, shared)
                        continue
                    if offset < tail.base or tail.ended:  # all read; or deleted while it was being read
                        artifacts = await _artifacts(tail.final) if structured else ()
                        yield EndEvent(tail.final.log_length if tail.final else offset, tail.final, artifacts)
                        return
                    if tail.moved:
                        break
                    if cursor.begins_to_wait():
                        yield WaitingEvent()
                        continue
                    if tail.progress is not None and (hints := cursor.new_hints(tail.progress)):
                        woken = False
                        for hint in hints:
                            yield hint
                        continue
                    if woken:
                        woken = False
                        yield Heartbeat()
                        continue
                    # All is read: news that wakes the reader is its next event, and so on unless more happens meanwhile.
                    cursor.changes = tail.changes
                    while (
                        news := await tail.changed(cursor.take if caught_up else None)
                    ) is not None and caught_up:
                        if cursor.moves_behind(news):
                            yield news
                        if tail.changes != cursor.changes:
                            break
                    woken = news is None or not caught_up


async def _artifacts(final: Response | None) -> Sequence[ArtifactLabel]:
    """Return the artifacts of a reply: the process that has ended it knows them."""
    if final is None or not final.text_length:
        return ()
    if final.artifacts is None:
        final.artifacts = await db.run_async(storage.artifacts_of, final.pk)
    return final.artifacts


def _status(tail: Tail) -> str:
    if tail.final is not None:
        return tail.final.status
    if tail.waiting:
        return Status.WAITING
    return Status.STREAMING if tail.started else Status.QUEUED


def _first_kind(ephemeral: list[tuple[int, int]], offset: int, data: bytes) -> tuple[bytes, bool]:
    """Return the first bytes of `data` that are all ephemeral or all not, and which of both."""
    for start, stop in ephemeral:
        if start <= offset < stop:
            return data[: stop - offset], True
    later = [start for start, _ in ephemeral if start > offset]
    return (data[: min(later) - offset] if later else data), False


class ReaderCursor:
    """A reader's place in a log: in its text, its thought (None: it gets none) and its steps.

    `replays`: it gets the steps that stood before it came. Without that, of those only the requests and answers that stand
    at or behind the `offset` where it begins. `changes`: those of the tail that the reader knows, while it waits for more.
    """

    __slots__ = (
        "_begin",
        "_hints",
        "_response",
        "_seen",
        "_steps",
        "_stored",
        "_tail",
        "_take",
        "_waits",
        "changes",
        "offset",
        "thinking",
    )

    def __init__(
        self,
        response: int,
        tail: Tail,
        offset: int,
        thinking: int | None,
        *,
        replays: bool,
        take: Take | None,
    ) -> None:
        self._response, self._tail, self._take, self._steps = response, tail, take, 0
        self.offset, self.thinking, self.changes = offset, thinking, 0
        self._begin, self._seen = offset, 0 if replays else len(tail.tool_events)
        self._waits = False
        # The number of the last hint of progress that the reader got.
        self._hints = 0
        # The next thought, where only the table has it, and the offset of the text at which it stands.
        self._stored: tuple[int, bytes] | None = None

    def move_to(self, tail: Tail) -> None:
        """Go on at the same place of another tail of the same log."""
        self._tail, self._hints = tail, 0

    def take(self, news: TextEvent | ThoughtEvent) -> bool:
        """Give the reader, which has read all before it, its next event at once; return false where it has to be woken."""
        wanted = isinstance(news, TextEvent) or self.thinking is not None
        if self._take is None or (wanted and not self._take(news)):
            return False
        self.moves_behind(news)
        return True

    def moves_behind(self, news: TextEvent | ThoughtEvent) -> bool:
        """Move behind the next event, and return whether the reader gets it."""
        self.changes += 1
        if isinstance(news, TextEvent):
            self.offset = news.offset
        elif self.thinking is None:
            return False
        else:
            self.thinking = news.thinking_offset
        return True

    def begins_to_wait(self) -> bool:
        """Return once for each time that the response waits for a person that it does."""
        before, self._waits = self._waits, self._tail.waiting
        return self._waits and not before

    def new_hints(self, progress: ProgressHints) -> list[ProgressEvent]:
        """Return the hints of progress that the reader has not had."""
        hints, self._hints = progress.after(self._hints), progress.published
        return hints

    @property
    def all_read(self) -> bool:
        tail = self._tail
        if tail.thought is not None and self.thinking is not None and self.thinking < tail.thought.end:
            return False
        return tail.tools is None or self._steps == len(tail.tools.events)

    def _next_step(self) -> StepEvent | None:
        events = self._tail.tool_events
        while self._steps < min(self._seen, len(events)) and self._is_past(events[self._steps]):
            self._steps += 1
        return events[self._steps] if self._steps < len(events) else None

    def _is_past(self, step: StepEvent) -> bool:
        return isinstance(step, ToolEvent) or step.text_offset < self._begin

    # No coroutine: each delta of a thought asks.
    def next(self, offset: int) -> tuple[LogEvent | None, int] | None:
        """Return the next event that stands at an offset, if there is one, and the end of the text before the one after it.

        None where only `next_stored` can tell.
        """
        tail, thinking = self._tail, self.thinking
        thought = tail.thought
        step = None if tail.tools is None else self._next_step()
        limit = tail.end
        if step is not None:
            if self._is_due(step, offset):
                self._steps += 1
                return step, offset
            limit = min(limit, max(offset, step.text_offset))
        if thinking is None or thought is None or thinking >= thought.end:
            return None, limit
        if self._stored is None and thinking < thought.base:
            return None
        place, data = self._stored or thought.read(thinking)
        if place > offset:
            return None, min(limit, place)
        if step is not None and step.text_offset == place and step.thinking_offset > thinking:
            data = data[: step.thinking_offset - thinking]
        if not data:
            return None, limit
        self._stored, self.thinking = None, thinking + len(data)
        shared = thought.shared(thinking, self.thinking) if tail.readers > 1 else None
        return ThoughtEvent(data, self.thinking, shared), limit

    async def next_stored(self, offset: int) -> tuple[LogEvent | None, int]:
        """Return the same, with the next thought from the table."""
        self._stored = await db.atomic_async(storage.read_thought, self._response, self.thinking or 0)
        if self._stored is None:  # deleted while it was being read
            self.thinking = self._tail.thinking_end
        return self.next(offset) or (None, self._tail.end)

    def _is_due(self, step: StepEvent, offset: int) -> bool:
        """Return whether the reader has had all that stands before a step, or all there is."""
        if self._tail.ended and offset == self._tail.end and self.thinking in (None, self._tail.thinking_end):
            return True
        return step.text_offset <= offset and (self.thinking is None or step.thinking_offset <= self.thinking)
