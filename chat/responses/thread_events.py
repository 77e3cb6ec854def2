"""Thread events for watching sockets, loaded once per change and process."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from chat import db
from chat.db.notifications import ALL_OWNERS, hearing, read_subject, until_heard
from chat.exceptions import Unavailable
from chat.models import Thread
from chat.permissions import threads as permissions
from chat.threads import threads

# Events waiting for one socket; a reader that far behind misses the oldest and loads its list again.
MAX_QUEUED_EVENTS = 256


@dataclass(frozen=True, slots=True)
class ThreadEvent:
    """A change of a thread (`created`, `updated`, `deleted`) and its row as it is now; None for a deleted one."""

    event: str
    thread_id: str
    thread: Thread | None


@dataclass(frozen=True, slots=True)
class ThreadChanged:
    """The content of a notification: the primary key of an existing thread, or the public id of a deleted one."""

    event: str
    thread: int | None
    public_id: str


class ThreadSubscriptions:
    """The watching sockets of this process, by user."""

    def __init__(self) -> None:
        self._queues: defaultdict[int, set[asyncio.Queue[ThreadEvent]]] = defaultdict(set)
        # The changes of each owner to whom some are being delivered.
        self._pending: dict[int, deque[ThreadChanged]] = {}
        self._deliveries: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def of(self, user: int) -> AsyncIterator[asyncio.Queue[ThreadEvent]]:
        queue: asyncio.Queue[ThreadEvent] = asyncio.Queue(MAX_QUEUED_EVENTS)
        self._queues[user].add(queue)
        subject = read_subject(user) if permissions.only_owners_read() else ALL_OWNERS
        try:
            with hearing(subject):
                await until_heard(subject)
                yield queue
        finally:
            self._queues[user].discard(queue)
            if not self._queues[user]:
                del self._queues[user]

    def on_notify(self, facts: list[Any]) -> None:
        """Deliver the creation or update of a thread: `[owner, thread, event]`."""
        owner, thread, event = facts
        self._enqueue(owner, ThreadChanged(event, thread, ""))

    def on_thread_deleted(self, facts: list[Any]) -> None:
        """Deliver the deletion of a thread: `[owner, public id]`."""
        owner, public_id = facts
        self._enqueue(owner, ThreadChanged("deleted", None, public_id))

    def _enqueue(self, owner: int, change: ThreadChanged) -> None:
        """Queue a change behind the owner's others: out of order, an older state would be shown as the newest."""
        if owner in self._pending:
            self._pending[owner].append(change)
        elif owner in self._queues or (self._queues and not permissions.only_owners_read()):
            self._pending[owner] = deque([change])
            task = asyncio.create_task(self._deliver_pending(owner))
            self._deliveries.add(task)
            task.add_done_callback(self._deliveries.discard)

    async def _deliver_pending(self, owner: int) -> None:
        due = self._pending[owner]
        try:
            while due:
                with contextlib.suppress(Unavailable):
                    await self._deliver(owner, due.popleft())
        finally:
            del self._pending[owner]

    async def _deliver(self, owner: int, change: ThreadChanged) -> None:
        event = await _load_event(change)
        if event is None:
            return
        for user in await self._audience(owner, change):
            for queue in self._queues.get(user, ()):
                if queue.full():
                    queue.get_nowait()
                queue.put_nowait(event)

    async def _audience(self, owner: int, change: ThreadChanged) -> Collection[int]:
        """Return the users with a socket here who may read the thread; of a deleted one its owner alone learns."""
        if change.thread is None or permissions.only_owners_read():
            return (owner,)
        return await db.run_async(permissions.readers, change.thread, list(self._queues))


async def _load_event(change: ThreadChanged) -> ThreadEvent | None:
    if change.thread is None:
        return ThreadEvent(change.event, change.public_id, None)
    row = await db.run_async(threads.by_pk, change.thread)
    return None if row is None else ThreadEvent(change.event, row.public_id, row)
