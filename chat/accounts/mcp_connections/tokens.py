"""Access tokens of users for their MCP servers, refreshed by one task at a time across all processes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection

from chat import db
from chat.accounts.mcp_connections import store
from chat.accounts.mcp_connections.revocation import revoke
from chat.accounts.mcp_connections.servers import servers_of
from chat.accounts.mcp_connections.store import RefreshLease, RefreshUnderWay
from chat.db import detached
from chat.exceptions import Unavailable
from chat.tools.mcp.oauth import load
from chat.tools.mcp.oauth.http import GrantRefused, OAuthError, open_http
from chat.tools.mcp.oauth.records import Grant
from chat.tools.mcp.spec import user_servers

logger = logging.getLogger(__name__)

# Between two looks whether another task has fetched new tokens.
POLL_SECONDS = 0.2
# For another task to fetch them; as long as its lease.
WAIT_SECONDS = store.REFRESH_LEASE.total_seconds()
# For a database that is away; its restart takes some seconds.
STORE_SECONDS = 30.0


class StoredTokens:
    """The tokens in the table."""

    def __init__(self) -> None:
        # The event loop holds only weak references to its tasks.
        self._refreshes: set[asyncio.Task[str | None]] = set()

    async def connected(self, user: int) -> Collection[str]:
        """Return the names of the MCP servers that a user has connected, and still may connect."""
        return await db.run_async(_connected, user) if user_servers() else ()

    async def get(self, user: int, server: str, refused: str = "") -> str | None:
        """Return a valid token, a new one in place of `refused`; None if the user has to connect again. Raises OAuthError."""
        ends = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < ends:
            try:
                taken = await db.atomic_async(store.take, user, server, user_servers()[server].url, refused)
            except RefreshUnderWay:
                await asyncio.sleep(POLL_SECONDS)
                continue
            return await self._refresh(server, taken) if isinstance(taken, RefreshLease) else taken
        raise OAuthError("Another process could not renew the user's sign-in in time.")

    async def _refresh(self, server: str, lease: RefreshLease) -> str | None:
        """Refresh in a task of its own: a caller that leaves must not lose tokens that the server has replaced."""
        task = asyncio.create_task(_refreshed(server, lease))
        self._refreshes.add(task)
        task.add_done_callback(self._refreshes.discard)
        return await detached.result_of(task)


def _connected(user: int) -> set[str]:
    return store.connected(user, {name: spec.url for name, spec in servers_of(user).items()})


async def _refreshed(server: str, lease: RefreshLease) -> str | None:
    url = user_servers()[server].url
    try:
        grant = await _fetch(url, lease.grant)
    except GrantRefused:
        await db.atomic_async(store.end_refresh, lease, refused=True)
        logger.info("action=mcp_refresh_refused server=%s", server)
        return None
    except OAuthError:
        await db.atomic_async(store.end_refresh, lease, refused=False)
        raise
    if await _store(lease, grant):
        return grant.access_token
    await revoke([(url, grant)])
    return None


async def _store(lease: RefreshLease, grant: Grant) -> bool:
    """Store new tokens, also after some seconds without the database: the former ones are worth nothing now."""
    ends = time.monotonic() + STORE_SECONDS
    while True:
        try:
            return await db.atomic_async(store.store_refreshed, lease, grant)
        except Unavailable:
            if time.monotonic() > ends:
                raise
            await asyncio.sleep(POLL_SECONDS)


async def _fetch(url: str, grant: Grant) -> Grant:
    await load()
    from chat.tools.mcp.oauth import grants

    async with open_http(url) as http:
        return await grants.refresh(http, grant)
