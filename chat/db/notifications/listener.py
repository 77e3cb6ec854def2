"""The notifications that reach this process, by topics; each engine brings them on its own way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec

logger = logging.getLogger(__name__)

# Between two attempts to reach the engine again.
RETRY_SECONDS = 0.5

Handler = Callable[[Any], None]


class Listener:
    """Passes notifications to handlers, over a connection that comes back by itself."""

    # The errors that end a connection.
    lost: tuple[type[Exception], ...] = ()

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._reconnected: list[Callable[[], None]] = []
        self.listening = asyncio.Event()
        # Notifications that have arrived here since the start.
        self.received = 0
        # Whether the log says that the connection is lost; it does so once, however long that lasts.
        self._reported = False

    def on(self, topic: str, handler: Handler) -> None:
        """Call `handler` with the list of facts of each notification of `topic`."""
        self._handlers[topic] = handler

    def on_reconnect(self, handler: Callable[[], None]) -> None:
        """Call `handler` after each (re)connection, since notifications may have been missed."""
        self._reconnected.append(handler)

    async def run(self) -> None:
        """Listen until cancelled."""
        while True:
            try:
                await self._listen()
            except self.lost as problem:
                self._report(problem)
            self.listening.clear()
            await asyncio.sleep(RETRY_SECONDS)

    def _report(self, problem: Exception) -> None:
        if not self._reported:
            self._reported = True
            logger.warning("action=listen_lost reason=%s", type(problem).__name__)

    async def _listen(self) -> None:
        """Connect and dispatch until the connection is lost. Raises one of `lost` then."""
        raise NotImplementedError

    def _connected(self) -> None:
        self.listening.set()
        self._reported = False
        for handler in self._reconnected:
            handler()

    def _dispatch(self, payload: str | bytes) -> None:
        self.received += 1
        try:
            topic, *facts = msgspec.json.decode(payload)
            handler = self._handlers.get(topic)
            if handler is not None:
                handler(facts)
        except Exception as problem:
            # Any program with the engine's password can notify; a malformed payload must not end the listener.
            logger.warning("action=invalid_notification reason=%s", type(problem).__name__)
