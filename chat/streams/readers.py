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
from chat.streams.tail import EndEvent, Heartbeat, LogEvent, StartEvent, Tail, TextEvent, ToolEvent
from chat.text import is_boundary

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

    def publish_tool_event(self, response: int, name: str, state: str) -> None:
        mirror = self._mirrors.get(response)
        if mirror is not None:
            mirror.tail.hint(ToolEvent(name, state))

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

    async def follow(self, response: int, offset: int) -> AsyncGenerator[LogEvent]:
        """Yield StartEvent, then the log from `offset` exactly once and in order, then EndEvent.

        Raise BadOffset before the first event; after it only Unavailable, when the table cannot be read.
        """
        # One generator: a second around it would cost every reader of every delta a turn, and 1 KB.
        async with self._open(response) as tail:
            offset = await _checked(response, tail, offset)
            yield StartEvent(_status(tail), offset)
            seen = tail.hinted
            while True:
                data = (
                    tail.read(offset)
                    if offset >= tail.base
                    else await db.atomic_async(storage.read, response, offset)
                )
                if data:
                    offset += len(data)
                    yield TextEvent(data, offset)
                elif offset < tail.base or tail.ended:
                    break  # all read; or deleted while it was being read
                hints = tail.hints_after(seen, offset) if tail.hinted > seen else ()
                for tool in hints:
                    seen += 1
                    yield tool
                if data or hints:
                    continue
                await tail.changed()
                if offset == tail.end and tail.hinted == seen and not tail.ended:
                    yield Heartbeat()
            yield EndEvent(tail.final.log_length if tail.final else offset, tail.final)


def _status(tail: Tail) -> str:
    if tail.final is not None:
        return tail.final.status
    return Status.STREAMING if tail.started else Status.QUEUED


async def _checked(response: int, tail: Tail, offset: int) -> int:
    """Return the offset at which to begin. Raise BadOffset."""
    if tail.mirrored:
        await _catch_up(response, tail, offset)
    if offset > tail.end:
        if tail.final is not None and tail.final.status == Status.INTERRUPTED:
            return tail.end  # a client may have seen a last moment that the log lost
        raise BadOffset
    following = (
        tail.read(offset) if offset >= tail.base else await db.atomic_async(storage.read, response, offset, 1)
    )
    if following and not is_boundary(following, 0):
        raise BadOffset
    return offset


async def _catch_up(response: int, tail: Tail, offset: int) -> None:
    """Wait for a remote owner's flush: the reader may bring bytes from it that the table lacks.

    An owner that renews its lease meanwhile is alive and has flushed; otherwise the reaper ends the response.
    """
    lease = None
    while offset > tail.end and not tail.ended:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_SECONDS):
                while offset > tail.end and not tail.ended:
                    await tail.changed()
        row = await db.atomic_async(storage.state, response)
        if row is None:
            return
        if row.ended or row.log_length >= offset:
            continue  # the mirror reads the table by itself, even if notifications were lost
        if lease not in (None, row.lease_until):
            return
        lease = row.lease_until
