"""News of threads for those who watch theirs, one look at the database per change and process; and whose sockets must close."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from chat import store
from chat.errors import Unavailable
from chat.models import Thread
from chat.store import threads

NEWS = 256  # waiting for one socket; a reader that far behind misses the oldest and loads its list again


@dataclass(frozen=True, slots=True)
class News:
    """What happened to a thread, `created`, `updated` or `deleted`, and the thread as it is now (None: gone)."""

    event: str
    thread_id: str
    thread: Thread | None


class Watchers:
    """The watching sockets of this process, by owner."""

    def __init__(self) -> None:
        self._queues: defaultdict[int, set[asyncio.Queue[News]]] = defaultdict(set)
        self._looking: set[asyncio.Task[None]] = set()
        self._sockets: defaultdict[int, set[Callable[[], None]]] = defaultdict(set)

    @asynccontextmanager
    async def of(self, owner: int) -> AsyncIterator[asyncio.Queue[News]]:
        queue: asyncio.Queue[News] = asyncio.Queue(NEWS)
        self._queues[owner].add(queue)
        try:
            yield queue
        finally:
            self._queues[owner].discard(queue)
            if not self._queues[owner]:
                del self._queues[owner]

    def attend(self, owner: int, close: Callable[[], None]) -> None:
        """Call `close` when this user may come in no more, for as long as the socket is open."""
        self._sockets[owner].add(close)

    def leave(self, owner: int, close: Callable[[], None]) -> None:
        self._sockets[owner].discard(close)
        if not self._sockets[owner]:
            del self._sockets[owner]

    def refused(self, facts: list[Any]) -> None:
        """A user was suspended, or all their sessions were ended: `[owner]`."""
        for close in list(self._sockets.get(facts[0], ())):
            close()

    def rung(self, facts: list[Any]) -> None:
        """A thread was created or updated: `[owner, thread, event]`."""
        owner, thread, event = facts
        if owner in self._queues:
            self._look(owner, thread, event)

    def deleted(self, facts: list[Any]) -> None:
        """A thread is gone: `[owner, public id]`."""
        owner, public_id = facts
        self._tell(owner, News("deleted", public_id, None))

    def _look(self, owner: int, thread: int, event: str) -> None:
        task = asyncio.create_task(self._report(owner, thread, event))
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def _report(self, owner: int, thread: int, event: str) -> None:
        with contextlib.suppress(Unavailable):
            row = await store.run(threads.by_pk, thread)
            if row is not None:
                self._tell(owner, News(event, row.public_id, row))

    def _tell(self, owner: int, news: News) -> None:
        for queue in self._queues.get(owner, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(news)
