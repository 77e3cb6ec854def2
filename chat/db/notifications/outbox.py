"""Notifications on their way to a broker: gathered from any thread, sent in batches by the event loop."""

from __future__ import annotations

import asyncio
from collections import deque

# Messages kept while the broker is away or slow, some 2 MB; beyond it the oldest are lost.
MAX_QUEUED = 10_000

Message = tuple[str, bytes]  # the subject and the payload


class Outbox:
    """The messages that a listener's event loop is to send."""

    def __init__(self) -> None:
        self._queued: deque[Message] = deque(maxlen=MAX_QUEUED)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._filled = asyncio.Event()

    def attach(self) -> None:
        """Have the running loop send from now on, by `take`."""
        self._filled, self._loop = asyncio.Event(), asyncio.get_running_loop()

    def detach(self) -> list[Message]:
        """Return what is left; from now on nothing is taken in."""
        self._loop = None
        return self.rest()

    def put(self, messages: list[Message]) -> bool:
        """Queue messages, from any thread; return False where no loop sends them."""
        loop = self._loop
        if loop is None:
            return False
        self._queued.extend(messages)
        if not self._filled.is_set():
            loop.call_soon_threadsafe(self._filled.set)
        return True

    async def take(self) -> list[Message]:
        """Wait for messages and return all that are queued."""
        await self._filled.wait()
        return self.rest()

    def rest(self) -> list[Message]:
        """Return all that are queued."""
        self._filled.clear()
        return [self._queued.popleft() for _ in range(len(self._queued))]
