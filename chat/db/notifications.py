"""Who wakes whom across processes: a ring says that something changed, the tables say what.

Postgres' NOTIFY rings here. Another engine can: it needs to ring inside or after a transaction (`ring_all`, and `RING_ALL`
within the statements of a claim and an end) and a `Listener` in each process; a ring that is lost costs a reader at most one
fallback poll.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import msgspec
import psycopg
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.pq.abc import PGconn

from chat.db import sql

logger = logging.getLogger(__name__)

CHANNEL = "chat"
PAYLOAD_BYTES = 7_900  # Postgres takes at most 7,999 bytes a notification
RETRY_SECONDS = 0.5  # between two attempts to reach the database again

# Also for a larger statement to ring in: its own journey would cost as much as a small one.
NOTIFY_SQL = (
    f"SELECT count(pg_notify('{CHANNEL}', payload)) FROM unnest(%(notifications)s::text[]) AS payload"
)

Notification = tuple[Any, ...]  # the topic and its facts
Handler = Callable[[Any], None]


def notify(topic: str, *facts: Any) -> None:
    """Ring in the transaction under way: heard after its commit, or never. `facts` are ids and states, never text."""
    notify_all([(topic, *facts)])


def notify_all(notifications: list[Notification]) -> None:
    """Ring several times in one journey."""
    sql.rows(NOTIFY_SQL, {"notifications": encode_notifications(notifications)})


def encode_notifications(notifications: list[Notification]) -> list[str]:
    """The parameter `rings` of RING_ALL."""
    return [msgspec.json.encode(notification).decode() for notification in notifications]


def notify_many(topic: str, ids: list[int]) -> None:
    """Ring for many ids in as few notifications as they fit in."""
    step = PAYLOAD_BYTES // 21  # a bigint has up to 20 characters, and its comma
    notify_all([(topic, *ids[first : first + step]) for first in range(0, len(ids), step)])


class Listener:
    """This process's ear: one connection of its own, which comes back by itself."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._reconnected: list[Callable[[], None]] = []
        self.listening = asyncio.Event()

    def on(self, topic: str, handler: Handler) -> None:
        """Call `handler` with the list of facts of each ring of `topic`."""
        self._handlers[topic] = handler

    def on_reconnect(self, handler: Callable[[], None]) -> None:
        """Call `handler` whenever rings may have been missed."""
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
        async with await psycopg.AsyncConnection.connect(**_parameters(connection), autocommit=True) as link:
            # Some may come with the answer to LISTEN.
            link.add_notify_handler(lambda notice: self._dispatch(notice.payload))
            await link.execute(f"LISTEN {CHANNEL}")
            self.listening.set()
            for handler in self._reconnected:
                handler()
            await self._receive(link.pgconn)

    async def _receive(self, link: PGconn) -> None:
        """Dispatch what comes until the connection is lost. Raises psycopg.OperationalError then."""
        # psycopg's own generator waits anew for each: 30 µs of CPU a ring where this takes 13.
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
            # Anybody with the database's password can ring; nonsense must not deafen the process.
            logger.warning("action=invalid_notification reason=%s", type(problem).__name__)


def _parameters(database: BaseDatabaseWrapper) -> dict[str, Any]:
    """psycopg's own connection parameters of Django's database."""
    taken = database.get_connection_params()
    return {
        name: value
        for name, value in taken.items()
        if name not in ("cursor_factory", "context", "prepare_threshold")
    }
