"""The mirror of a log that another process writes, fed from the table."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from chat import db
from chat.db.notifications import hearing, read_subject
from chat.exceptions import Unavailable
from chat.models import STARTED, Response, Status
from chat.streams import storage
from chat.streams.tail import READ_BYTES, Tail

# Seconds between a mirror's own reads of the table, in case notifications are lost.
POLL_SECONDS = 2.0


class Mirror:
    """A tail that repeats a log written by another process, and ends with its response.

    A context manager for readers; `left` is called after the last one leaves.
    """

    def __init__(self, response: int, left: Callable[[Mirror], object]) -> None:
        self.response = response
        self.tail = Tail(mirrored=True)
        self._left = left
        self._tool_changes = 0
        self.refresh = asyncio.Event()
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(self._run())

    @property
    def readers(self) -> int:
        return self.tail.readers

    async def __aenter__(self) -> Tail:
        """Wait until the table has been read once. Raise Unavailable."""
        self.tail.readers += 1
        try:
            await asyncio.shield(self.ready)
        except BaseException:
            self._leave()
            raise
        return self.tail

    async def __aexit__(self, *problem: object) -> None:
        self._leave()

    def _leave(self) -> None:
        self.tail.readers -= 1
        if not self.tail.readers:
            self.task.cancel()
            self._left(self)

    async def _run(self) -> None:
        # Notifications arrive from now on; the table is read after that, so no change is missed.
        try:
            row = await db.atomic_async(storage.state, self.response)
            if row is not None:
                await self._begin(row)
        except Unavailable as problem:
            self.ready.set_exception(problem)
            return
        self.ready.set_result(None)
        if row is None:
            self._seen(row)
            return
        with hearing(read_subject(row.owner_id), self.refresh.set):
            while not self._seen(row):
                await self._wait_for_refresh()
                row = await self._read() or row

    async def _begin(self, row: Response) -> None:
        self.tail.begin(row)
        await self._read_tools(row)

    def _seen(self, row: Response | None) -> bool:
        if row is None or row.ended:
            self.tail.finish(row)
        elif row.status in STARTED:
            self.tail.start(waiting=row.status == Status.WAITING)
        return self.tail.ended

    async def _wait_for_refresh(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self.refresh.wait()
        self.refresh.clear()

    async def _read(self) -> Response | None:
        """Read the state, then all that it counts, so that a state `ended` is never newer than the text.

        Thought and tool calls come before the text, which must not be read beyond where they stand.
        """
        try:
            row = await db.atomic_async(storage.state, self.response)
            if row is not None:
                await self._read_tools(row)
                await self._read_thought(row)
                await self._read_text(row)
        except Unavailable:
            return None
        if row is None:
            self.tail.finish(None)
        return row

    async def _read_tools(self, row: Response) -> None:
        """Read the tool calls and requests again where one has changed; the list of their events only grows."""
        if row.tool_changes == self._tool_changes:
            return
        steps = await db.atomic_async(storage.steps, self.response)
        self._tool_changes = row.tool_changes
        self.tail.load_tools(*steps)

    async def _read_thought(self, row: Response) -> None:
        while self.tail.thinking_end < row.thinking_length:
            found = await db.atomic_async(storage.read_thought, self.response, self.tail.thinking_end)
            if found is None:
                return  # deleted meanwhile
            text_offset, data = found
            self.tail.think(data, text_offset)
            self.tail.forget_thought(self.tail.thinking_end - READ_BYTES)

    async def _read_text(self, row: Response) -> None:
        # Our own think items come with thought and tool calls alone.
        if self.tail.end < row.log_length and (row.tool_changes or row.thinking_length):
            ranges = await db.atomic_async(storage.ephemeral_ranges, self.response, self.tail.end)
            self.tail.ephemeral = [*self.tail.ephemeral, *ranges]
        while self.tail.end < row.log_length:
            data = await db.atomic_async(storage.read, self.response, self.tail.end)
            if not data:
                return
            self.tail.grow(data[: row.log_length - self.tail.end])
            self.tail.forget(self.tail.end - READ_BYTES)
