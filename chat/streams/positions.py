"""Places in a log: where a reader may begin, once the log has reached what the reader has seen elsewhere."""

from __future__ import annotations

import asyncio
import contextlib

from chat import db
from chat.exceptions import BadOffset
from chat.models import Status
from chat.streams import storage
from chat.streams.tail import Tail
from chat.text import is_boundary

# In place of an offset of the thought: the first that stands at or behind the offset of the text.
FROM_TEXT = -1

# Seconds, ten flushes: text that a reader saw in the owner's process is in the table by then.
CATCH_UP_SECONDS = 2.0


async def checked(response: int, tail: Tail, offset: int) -> int:
    """Return the offset at which to begin. Raise BadOffset."""
    if tail.mirrored:
        await _catch_up(response, tail, offset)
    while tail.end < offset <= tail.written:  # another process has shown it already
        await tail.changed()
    if offset > tail.end:
        return _end_if_interrupted(tail, tail.end)
    following = (
        tail.read(offset) if offset >= tail.base else await db.atomic_async(storage.read, response, offset, 4)
    )
    if following and not is_boundary(following, 0):
        raise BadOffset
    return offset


async def checked_thinking(response: int, tail: Tail, offset: int, thinking: int | None) -> int | None:
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

    def lags() -> bool:
        return not tail.still and (offset > tail.end or thinking > tail.thinking_end)

    lease = None
    while lags():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_SECONDS):
                while lags():
                    await tail.changed()
        row = await db.atomic_async(storage.state, response)
        if row is None:
            return
        if row.ended or (row.log_length >= offset and row.thinking_length >= thinking):
            continue  # the mirror reads the table by itself, even if notifications were lost
        if lease not in (None, row.lease_until):
            return
        lease = row.lease_until


async def _thought_at(response: int, tail: Tail, thinking: int) -> tuple[int, bytes] | None:
    """Return the thought from an offset on, and where in the text it stands; None where it is gone."""
    if tail.thought is not None and thinking >= tail.thought.base:
        return tail.thought.read(thinking)
    return await db.atomic_async(storage.read_thought, response, thinking)


async def ephemeral_ranges(response: int, tail: Tail) -> list[tuple[int, int]]:
    """Return the ranges of think items that the tail does not know: those from before it began."""
    return await db.atomic_async(storage.ephemeral_ranges, response) if tail.partial else []


def behind(earlier: list[tuple[int, int]], tail: Tail, shown: int) -> int:
    """Return the offset behind so many bytes that are not ephemeral. `earlier`: the ranges that the tail may not know."""
    offset = shown
    for start, stop in sorted({*earlier, *tail.ephemeral}):
        offset += stop - start if start < offset else 0
    return offset
