"""Background cleanup in bounded batches: idle guests, old sessions, expired rows, pending erasures."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial

from chat import db
from chat.accounts import erasure, guests, login_attempts, sessions, sign_ins
from chat.accounts.mcp_connections import sign_in
from chat.accounts.single_sign_on import sessions as sso_sessions
from chat.conf import settings
from chat.db import health
from chat.exceptions import Unavailable, format_traceback_without_message
from chat.governance import files, retention
from chat.threads import shares, stored_bytes
from chat.threads.search import index as search_index

logger = logging.getLogger(__name__)

# Seconds between two rounds of cleanup: most ages are counted in days.
CLEANUP_INTERVAL_SECONDS = 3_600.0

# Seconds between two merges of the counts that prompts have met: one user at 150 prompts a second makes 400 of them.
MERGE_INTERVAL_SECONDS = 1.0

# Batches of messages indexed for search in one round: a million messages of an older program take 40 minutes.
INDEX_BATCHES = 10

# Each deletes one batch and returns its size; a round repeats it until none is left.
CLEANUP_TASKS = {
    "guests": guests.delete_idle,
    "attachments": files.delete_unused,
    "held_attachments": files.delete_released,
    "shares": shares.delete_expired,
    "stored_bytes": stored_bytes.merge,
    "held_texts": retention.delete_released_texts,
    "attempts": login_attempts.delete_expired,
    "sessions": sessions.delete_expired,
    "sign_ins": sign_ins.delete_expired,
}


async def delete_leftovers() -> None:
    """Run every cleanup task until nothing is left for it, in short transactions. Raises Unavailable."""
    for kind in CLEANUP_TASKS:
        await _by_itself(kind, partial(_delete_all, kind))
    await _by_itself("orphaned_sessions", _delete_orphaned_sessions)


async def _delete_all(kind: str) -> None:
    total = 0
    while deleted := await db.atomic_async(CLEANUP_TASKS[kind]):
        total += deleted
    if total:
        logger.info("action=leftovers_removed kind=%s count=%d", kind, total)


async def _delete_orphaned_sessions() -> None:
    last_session: str | None = ""
    while last_session is not None:
        last_session = await db.atomic_async(sessions.delete_orphaned, last_session)


async def _by_itself(kind: str, work: Callable[[], Awaitable[object]]) -> None:
    """Do work whose failure, unless it is the database's absence, keeps no other work from being done. Raises Unavailable."""
    try:
        await work()
    except Unavailable:
        raise
    except Exception as problem:
        if not health.is_unmigrated(problem):
            logger.error(
                "action=cleanup_failed kind=%s reason=%s\n%s",
                kind,
                type(problem).__name__,
                format_traceback_without_message(problem),
            )


async def _erase() -> None:
    for user in await db.atomic_async(erasure.pending_erasures):
        await _by_itself("erasure", partial(_erase_batch, user))


async def _erase_batch(user: int) -> None:
    await sign_in.disconnect(user)
    await db.atomic_async(erasure.erase_batch, user)


async def merge_met_counts() -> None:
    """Merge the counts of stored bytes of the users whose prompts had to add up many."""
    for owner in stored_bytes.take_crowded():
        while await db.atomic_async(stored_bytes.merge, owner):
            continue


class Janitor:
    """Runs cleanup in the background, in batches of a few short transactions each."""

    def __init__(self) -> None:
        # Of the next round; the first is at the start.
        self._due = time.monotonic()
        # Expired rows may be left: at the start, and until a batch finds none.
        self._more = True
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Clean up until `stop`."""
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._merge_counts())]

    def stop(self) -> None:
        """Cancel cleanup; a batch under way is rolled back, and done by another process or later."""
        for task in self._tasks:
            task.cancel()

    async def _run(self) -> None:
        # After one lease: the first start of a server may still be migrating.
        await asyncio.sleep(settings.lease_seconds)
        while True:
            await self.step()
            await asyncio.sleep(settings.heartbeat_seconds)

    async def step(self) -> None:
        """Run one batch of each kind that is due. Never raises: a batch that fails is tried again later."""
        with contextlib.suppress(Unavailable):
            await _by_itself("erasures", _erase)
            await _by_itself("sign_in_checks", sso_sessions.check_due)
            await _by_itself("index", self._index)
            if self._more:
                await _by_itself("retention", self._remove_old)
            if time.monotonic() >= self._due:
                self._due, self._more = time.monotonic() + CLEANUP_INTERVAL_SECONDS, True
                await delete_leftovers()

    async def _index(self) -> None:
        for _ in range(INDEX_BATCHES):
            if not await db.atomic_async(search_index.index_messages):
                break
        await db.atomic_async(search_index.index_titles)
        await db.atomic_async(search_index.index_thoughts)

    async def _merge_counts(self) -> None:
        while True:
            await asyncio.sleep(MERGE_INTERVAL_SECONDS)
            with contextlib.suppress(Unavailable):
                await _by_itself("stored_bytes", merge_met_counts)

    async def _remove_old(self) -> None:
        counts = (
            await db.atomic_async(retention.delete_expired_threads),
            await db.atomic_async(retention.delete_expired_records),
        )
        self._more = any(counts)
        if self._more:
            logger.info("action=retention threads=%d access_records=%d", *counts)
