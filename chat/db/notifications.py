"""Notifications across processes by NOTIFY and LISTEN: they say that a row changed, the tables say how.

Another engine needs two parts: `notify_all` (and NOTIFY_SQL, inside the statements of a claim and an end), delivered with or
after the commit, and a `Listener` in each process. A lost notification costs a reader at most one fallback poll.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec
import psycopg
from django.db import connection
from psycopg.pq.abc import PGconn

from chat.db import sql
from chat.db.deadlines import connection_parameters

logger = logging.getLogger(__name__)

CHANNEL = "chat"
# Postgres takes at most 7,999 bytes a notification.
PAYLOAD_BYTES = 7_900
# Between two attempts to reach the database again.
RETRY_SECONDS = 0.5

# Larger statements include it: a round trip of its own would cost as much as a small statement.
NOTIFY_SQL = (
    f"SELECT count(pg_notify('{CHANNEL}', payload)) FROM unnest(%(notifications)s::text[]) AS payload"
)

Notification = tuple[Any, ...]  # the topic and its facts
Handler = Callable[[Any], None]


def notify(topic: str, *facts: Any) -> None:
    """Notify in the transaction under way: delivered after its commit, or never. `facts` are ids and states, never text."""
    notify_all([(topic, *facts)])


def notify_all(notifications: list[Notification]) -> None:
    """Send several notifications in one round trip."""
    sql.rows(NOTIFY_SQL, {"notifications": encode_notifications(notifications)})


def encode_notifications(notifications: list[Notification]) -> list[str]:
    """Return the parameter `notifications` of NOTIFY_SQL."""
    return [msgspec.json.encode(notification).decode() for notification in notifications]


def notify_many(topic: str, ids: list[int]) -> None:
    """Notify of many ids in as few notifications as they fit in."""
    # A bigint has up to 20 characters, and its comma.
    step = PAYLOAD_BYTES // 21
    notify_all([(topic, *ids[first : first + step]) for first in range(0, len(ids), step)])


class Listener:
    """The notifications that reach this process, over a connection of its own that reconnects by itself."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._reconnected: list[Callable[[], None]] = []
        self.listening = asyncio.Event()

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
            except psycopg.Error as problem:
                logger.warning("action=listen_lost reason=%s", type(problem).__name__)
            self.listening.clear()
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(
            **connection_parameters(connection), autocommit=True
        ) as link:
            # Notifications may come with the answer to LISTEN.
            link.add_notify_handler(lambda notice: self._dispatch(notice.payload))
            await link.execute(f"LISTEN {CHANNEL}")
            self.listening.set()
            for handler in self._reconnected:
                handler()
            await self._receive(link.pgconn)

    async def _receive(self, link: PGconn) -> None:
        """Dispatch notifications until the connection is lost. Raises psycopg.OperationalError then."""
        # psycopg's own generator waits anew for each: 30 µs of CPU a notification where this takes 13.
        loop = asyncio.get_running_loop()
        lost, socket = loop.create_future(), link.socket

        def read() -> None:
            try:
                link.consume_input()
                while notice := link.notifies():
                    self._dispatch(notice.extra.decode())
            except psycopg.OperationalError as problem:
                loop.remove_reader(socket)
                if not lost.done():
                    lost.set_exception(problem)

        loop.add_reader(socket, read)
        try:
            await lost
        finally:
            loop.remove_reader(socket)

    def _dispatch(self, payload: str) -> None:
        try:
            topic, *facts = msgspec.json.decode(payload)
            handler = self._handlers.get(topic)
            if handler is not None:
                handler(facts)
        except Exception as problem:
            # Any program with the database's password can notify; a malformed payload must not end the listener.
            logger.warning("action=invalid_notification reason=%s", type(problem).__name__)
