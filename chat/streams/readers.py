"""The logs that are read in this process: stored bytes, then live ones, exactly once and in order."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

from chat import db
from chat.exceptions import BadOffset
from chat.models import Response, Status
from chat.streams import storage
from chat.streams.mirror import Mirror
from chat.streams.tail import (
    EndEvent,
    Heartbeat,
    LogEvent,
    StartEvent,
    Tail,
    TextEvent,
    ThoughtEvent,
    ToolEvent,
)
from chat.text import is_boundary

# In place of an offset of the thought: the first that stands at or behind the offset of the text.
FROM_TEXT = -1

# Seconds, ten flushes: text that a reader saw in the owner's process is in the table by then.
CATCH_UP_SECONDS = 2.0


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
        tail = self._written[response] = Tail()
        return tail

    def written(self, response: int) -> Tail | None:
        return self._written.get(response)

    def close(self, response: int, final: Response | None) -> None:
        """End the tail of a response that was written here."""
        tail = self._written.pop(response, None)
        if tail is not None:
            tail.finish(final)

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
            self._mirrors[response] = Mirror(response, lambda: self._mirrors.pop(response, None))
        return self._mirrors[response]

    async def offset_of(self, response: int, shown: int) -> int:
        """Return the offset in a log behind so many bytes of it that are not our own think items.

        Its owner may have yet to flush what a reader has seen: wait for that, up to CATCH_UP_SECONDS.
        """
        async with self._open(response) as tail:
            earlier = await _ephemeral_ranges(response, tail)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CATCH_UP_SECONDS):
                    while tail.mirrored and not tail.ended and _behind(earlier, tail, shown) > tail.end:
                        await tail.changed()
            return _behind(earlier, tail, shown)

    async def started(self, response: int) -> None:
        """Wait until a response has left the queue or ended."""
        async with self._open(response) as tail:
            while not tail.started:
                await tail.changed()

    async def final(self, response: int) -> Response | None:
        """Wait for the end of a response. Return its final state, None if it is deleted."""
        async with self._open(response) as tail:
            while not tail.ended:
                await tail.changed()
            return tail.final

    async def follow(
        self, response: int, offset: int, thinking_offset: int | None = None, *, structured: bool = False
    ) -> AsyncGenerator[LogEvent]:
        """Yield StartEvent, then the log from `offset` exactly once and in order, then EndEvent.

        `thinking_offset`: where to begin in the thought, which comes where it stood in the text; FROM_TEXT begins with the
        first that stands at or behind `offset`; None leaves all of it out. `structured`: all tool calls are replayed, and our
        own think items left out; without it a reader gets the changes of tool calls that come while it reads.

        Raise BadOffset before the first event; after it only Unavailable, when the table cannot be read.
        """
        # One generator: a second around it would cost every reader of every delta a turn, and 1 KB.
        async with self._open(response) as tail:
            offset = await _checked(response, tail, offset)
            thinking = await _checked_thinking(response, tail, offset, thinking_offset)
            between = BetweenText(response, tail, thinking, 0 if structured else len(tail.tool_events))
            skipped = await _ephemeral_ranges(response, tail) if structured else ()
            yield StartEvent(_status(tail), offset)
            while True:
                limit = tail.end
                if tail.thought is not None or tail.tools is not None:
                    event, limit = await between.next(offset)
                    if event is not None:
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
                        offset += len(data)
                        continue
                if data:
                    offset += len(data)
                    yield TextEvent(data, offset)
                    continue
                if offset < tail.base or tail.ended:
                    break  # all read; or deleted while it was being read
                await tail.changed()
                if offset == tail.end and between.all_read and not tail.ended:
                    yield Heartbeat()
            yield EndEvent(tail.final.log_length if tail.final else offset, tail.final)


class BetweenText:
    """A reader's place in what stands between the bytes of the text: thought (None: it gets none) and tool events."""

    __slots__ = ("_response", "_tail", "_thinking", "_tools")

    def __init__(self, response: int, tail: Tail, thinking: int | None, tools: int) -> None:
        self._response, self._tail, self._thinking, self._tools = response, tail, thinking, tools

    @property
    def all_read(self) -> bool:
        return self._tools == len(self._tail.tool_events) and self._thinking in (
            None,
            self._tail.thinking_end,
        )

    async def next(self, offset: int) -> tuple[LogEvent | None, int]:
        """Return the next event that stands at an offset, if there is one, and the end of the text before the one after it."""
        tail, tool = self._tail, None
        limit = tail.end
        if tail.tools is not None and self._tools < len(tail.tools.events):
            tool = tail.tools.events[self._tools]
            if self._is_due(tool, offset):
                self._tools += 1
                return tool, offset
            limit = min(limit, max(offset, tool.text_offset))
        if self._thinking is None or self._thinking >= tail.thinking_end:
            return None, limit
        if tail.thought is not None and self._thinking >= tail.thought.base:
            place, data = tail.thought.read(self._thinking)
        else:
            place, data = await self._stored_thought(self._thinking)
        if place > offset:
            return None, min(limit, place)
        if tool is not None and tool.text_offset == place and tool.thinking_offset > self._thinking:
            data = data[: tool.thinking_offset - self._thinking]
        self._thinking += len(data)
        return (ThoughtEvent(data, self._thinking) if data else None), limit

    def _is_due(self, tool: ToolEvent, offset: int) -> bool:
        """Return whether the reader has had all that stands before a tool event, or all there is."""
        if (
            self._tail.ended
            and offset == self._tail.end
            and self._thinking in (None, self._tail.thinking_end)
        ):
            return True
        return tool.text_offset <= offset and (
            self._thinking is None or tool.thinking_offset <= self._thinking
        )

    async def _stored_thought(self, thinking: int) -> tuple[int, bytes]:
        found = await db.atomic_async(storage.read_thought, self._response, thinking)
        if found is None:  # deleted while it was being read
            self._thinking = self._tail.thinking_end
        return found or (0, b"")


def _status(tail: Tail) -> str:
    if tail.final is not None:
        return tail.final.status
    return Status.STREAMING if tail.started else Status.QUEUED


async def _thought_at(response: int, tail: Tail, thinking: int) -> tuple[int, bytes] | None:
    """Return the thought from an offset on, and where in the text it stands; None where it is gone."""
    if tail.thought is not None and thinking >= tail.thought.base:
        return tail.thought.read(thinking)
    return await db.atomic_async(storage.read_thought, response, thinking)


async def _ephemeral_ranges(response: int, tail: Tail) -> list[tuple[int, int]]:
    """Return the ranges of think items that the tail does not know: those from before it began."""
    return await db.atomic_async(storage.ephemeral_ranges, response) if tail.mirrored else []


def _behind(earlier: list[tuple[int, int]], tail: Tail, shown: int) -> int:
    """Return the offset behind so many bytes that are not ephemeral. `earlier`: the ranges that the tail may not know."""
    offset = shown
    for start, stop in sorted({*earlier, *tail.ephemeral}):
        offset += stop - start if start < offset else 0
    return offset


def _first_kind(ephemeral: list[tuple[int, int]], offset: int, data: bytes) -> tuple[bytes, bool]:
    """Return the first bytes of `data` that are all ephemeral or all not, and which of both."""
    for start, stop in ephemeral:
        if start <= offset < stop:
            return data[: stop - offset], True
    later = [start for start, _ in ephemeral if start > offset]
    return (data[: min(later) - offset] if later else data), False


async def _checked(response: int, tail: Tail, offset: int) -> int:
    """Return the offset at which to begin. Raise BadOffset."""
    if tail.mirrored:
        await _catch_up(response, tail, offset)
    if offset > tail.end:
        return _end_if_interrupted(tail, tail.end)
    following = (
        tail.read(offset) if offset >= tail.base else await db.atomic_async(storage.read, response, offset, 1)
    )
    if following and not is_boundary(following, 0):
        raise BadOffset
    return offset


async def _checked_thinking(response: int, tail: Tail, offset: int, thinking: int | None) -> int | None:
    """Return the offset in the thought at which to begin. Raise BadOffset."""
    if thinking == FROM_TEXT:
        return await _thinking_start(response, tail, offset)
    if thinking is None or tail.thinking_end == thinking:
        return thinking
    if tail.mirrored:
        await _catch_up(response, tail, offset, thinking)
    if thinking > tail.thinking_end:
        return _end_if_interrupted(tail, tail.thinking_end)
    following = await _thought_at(response, tail, thinking)
    if following is not None and not is_boundary(following[1], 0):
        raise BadOffset
    return thinking


async def _thinking_start(response: int, tail: Tail, offset: int) -> int:
    """Return the start of the first thought that stands at or behind an offset of the text."""
    if tail.thought is None:
        return 0
    start = tail.thought.start_at(offset)
    if start is None:
        start = await db.atomic_async(storage.thought_from, response, offset)
    return tail.thought.first_from(offset) if start is None else start


def _end_if_interrupted(tail: Tail, end: int) -> int:
    """Return the end for an offset beyond it: a client may have seen a last moment that the log lost."""
    if tail.final is not None and tail.final.status == Status.INTERRUPTED:
        return end
    raise BadOffset


async def _catch_up(response: int, tail: Tail, offset: int, thinking: int = 0) -> None:
    """Wait for a remote owner's flush: the reader may bring bytes from it that the table lacks.

    An owner that renews its lease meanwhile is alive and has flushed; otherwise the reaper ends the response.
    """

    def behind() -> bool:
        return not tail.ended and (offset > tail.end or thinking > tail.thinking_end)

    lease = None
    while behind():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_SECONDS):
                while behind():
                    await tail.changed()
        row = await db.atomic_async(storage.state, response)
        if row is None:
            return
        if row.ended or (row.log_length >= offset and row.thinking_length >= thinking):
            continue  # the mirror reads the table by itself, even if notifications were lost
        if lease not in (None, row.lease_until):
            return
        lease = row.lease_until
