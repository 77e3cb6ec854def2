"""News of threads for those who watch theirs, one look at the database per change and process; and whose sockets must close."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict, deque
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


@dataclass(frozen=True, slots=True)
class Ring:
    """What the doorbell told: of a thread that is there its primary key, of one that is gone its public id."""

    event: str
    thread: int | None
    public_id: str


class Watchers:
    """The watching sockets of this process, by owner."""

    def __init__(self) -> None:
        self._queues: defaultdict[int, set[asyncio.Queue[News]]] = defaultdict(set)
        self._due: dict[int, deque[Ring]] = {}  # of each owner of whom something is being told
        self._telling: set[asyncio.Task[None]] = set()
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
        self._rung(owner, Ring(event, thread, ""))

    def deleted(self, facts: list[Any]) -> None:
        """A thread is gone: `[owner, public id]`."""
        owner, public_id = facts
        self._rung(owner, Ring("deleted", None, public_id))

    def _rung(self, owner: int, ring: Ring) -> None:
        """Tell of one after the other: a look that overtakes another would show what is past as the newest."""
        if owner in self._due:
            self._due[owner].append(ring)
        elif owner in self._queues:
            self._due[owner] = deque([ring])
            task = asyncio.create_task(self._report(owner))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _report(self, owner: int) -> None:
        due = self._due[owner]
        try:
            while due:
                with contextlib.suppress(Unavailable):
                    await self._tell(owner, due.popleft())
        finally:
            del self._due[owner]

    async def _tell(self, owner: int, ring: Ring) -> None:
        news = await _news(ring)
        if news is None:
            return
        for queue in self._queues.get(owner, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(news)


async def _news(ring: Ring) -> News | None:
    if ring.thread is None:
        return News(ring.event, ring.public_id, None)
    row = await store.look(threads.by_pk, ring.thread)
    return None if row is None else News(ring.event, row.public_id, row)
