"""Open streams and sockets of this process, which end when the credentials that opened them do."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine
from typing import Any

from chat import db
from chat.accounts import identity
from chat.accounts.identity import Caller
from chat.accounts.revocation import digest_of
from chat.exceptions import Unavailable

# Seconds between two checks of all connections: notifications find a revocation at once, this one finds sessions that expire
# and changes made past Django's signals. A check takes two short statements for each connection.
RECHECK_SECONDS = 60.0

# Connections checked in one go of a database thread: some 50 ms.
BATCH = 100


class OpenConnection:
    """One open stream or socket. `revoked` is set once its credentials are refused.

    `on_revoked` closes a socket. A stream has none: it looks at `revoked` before each piece.
    """

    __slots__ = ("_on_revoked", "_registry", "caller", "expiry", "revoked")

    def __init__(self, registry: ConnectionRegistry, caller: Caller, on_revoked: Callable[[], None] | None):
        self._registry, self._on_revoked = registry, on_revoked
        self.caller, self.revoked = caller, False
        self.expiry: asyncio.TimerHandle | None = None

    @property
    def is_stream(self) -> bool:
        return self._on_revoked is None

    def revoke(self) -> None:
        if not self.revoked:
            self.revoked = True
            if self._on_revoked is not None:
                self._on_revoked()

    def close(self) -> None:
        """Forget the connection, which has ended."""
        self._registry.remove(self)


class ConnectionRegistry:
    """The open connections of this process by user, checked anew whenever access of their user ends."""

    def __init__(self) -> None:
        self._open: defaultdict[int, set[OpenConnection]] = defaultdict(set)
        # Time of the last revocation by user, for connections being opened.
        self._revoked_at: dict[int, float] = {}
        self._checks: set[asyncio.Task[None]] = set()

    def figures(self) -> dict[str, float]:
        """Return the gauges of the open streams and sockets."""
        streams = [connection.is_stream for connections in self._open.values() for connection in connections]
        return {
            "chat_open_streams": sum(streams),
            "chat_open_sockets": len(streams) - sum(streams),
        }

    def add(self, caller: Caller, on_revoked: Callable[[], None] | None = None) -> OpenConnection:
        """Register a connection until its `close`."""
        connection = OpenConnection(self, caller, on_revoked)
        self._open[caller.user].add(connection)
        if caller.expires_at is not None:
            left = max(0.0, caller.expires_at - time.monotonic())
            connection.expiry = asyncio.get_running_loop().call_later(left, connection.revoke)
        if self._revoked_at.get(caller.user, 0.0) >= caller.identified_at:
            self._check([connection])
        return connection

    def remove(self, connection: OpenConnection) -> None:
        user = connection.caller.user
        if connection.expiry is not None:
            connection.expiry.cancel()
        self._open[user].discard(connection)
        if not self._open[user]:
            del self._open[user]

    def on_access_revoked(self, facts: list[Any]) -> None:
        """Check the connections of a user, some of whose credentials have ended: `[user]`."""
        (user,) = facts
        self._revoked_at[user] = time.monotonic()
        self._check(list(self._open.get(user, ())))

    def on_session_replaced(self, facts: list[Any]) -> None:
        """Keep the streams of a session whose browser has just logged in under a new key: `[user, digest of the key]`.

        Each runs to the end of its one response. Sockets are closed by the revocation that follows, and reconnect.
        """
        user, digest = facts
        for connection in list(self._open.get(user, ())):
            session = connection.caller.credentials.session
            if connection.is_stream and session is not None and digest_of(session) == digest:
                self.remove(connection)

    def on_disconnected(self, facts: list[Any]) -> None:
        """Close the sockets of a user: `[user]`."""
        (user,) = facts
        self._spawn(self._close_sockets(user, list(self._checks)))

    async def _close_sockets(self, user: int, checks: list[asyncio.Task[None]]) -> None:
        """Close the sockets of a user once the checks under way have ended the streams."""
        await asyncio.gather(*checks, return_exceptions=True)
        for connection in list(self._open.get(user, ())):
            if not connection.is_stream:
                connection.revoke()

    def check_all(self) -> None:
        """Check every connection, after notifications may have been missed."""
        self._check([connection for connections in self._open.values() for connection in connections])

    async def run(self) -> None:
        """Check every connection now and then, until cancelled."""
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            self.check_all()
            oldest = time.monotonic() - RECHECK_SECONDS
            self._revoked_at = {user: at for user, at in self._revoked_at.items() if at > oldest}

    def _check(self, connections: list[OpenConnection]) -> None:
        if connections:
            self._spawn(_revoke_refused(connections))

    def _spawn(self, check: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(check)
        self._checks.add(task)
        task.add_done_callback(self._checks.discard)


async def _revoke_refused(connections: list[OpenConnection]) -> None:
    """Revoke those connections whose credentials are no longer accepted; while the database is away, none."""
    for first in range(0, len(connections), BATCH):
        batch = connections[first : first + BATCH]
        callers = {connection.caller for connection in batch}
        with contextlib.suppress(Unavailable):
            refused = await db.run_async(identity.refused, callers)
            for connection in batch:
                if connection.caller in refused:
                    connection.revoke()
