"""Notifications by NOTIFY and LISTEN: the database delivers them with the commit, to every process."""

from __future__ import annotations

import asyncio
from typing import Any

import psycopg
from django.db import connection
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq.abc import PGconn

from chat.db.deadlines import connection_parameters
from chat.db.notifications.listener import Listener

CHANNEL = "chat"
# Postgres' own port, for a URL with a host alone.
DEFAULT_PORT = "5432"


class PostgresListener(Listener):
    """LISTEN over a connection of its own. `url`: what differs from Django's connection, such as the way around a pooler."""

    lost = (psycopg.Error,)

    def __init__(self, url: str = "") -> None:
        super().__init__()
        self._url = url

    def parameters(self) -> dict[str, Any]:
        """Return the parameters of the connection. The port of Django's connection belongs to its host, as a pooler's does."""
        own = conninfo_to_dict(self._url)
        port = {"port": DEFAULT_PORT} if own.get("host") else {}
        return {**connection_parameters(connection), **port, **own}

    async def _listen(self) -> None:
        async with await psycopg.AsyncConnection.connect(**self.parameters(), autocommit=True) as link:
            # Notifications may come with the answer to LISTEN.
            link.add_notify_handler(lambda notice: self._dispatch(notice.payload))
            await link.execute(f"LISTEN {CHANNEL}")
            self._connected()
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
