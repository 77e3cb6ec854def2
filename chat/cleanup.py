"""What no one asks for and every server does: guests who left, what is old, and what is being erased goes, a bit at a time."""

from __future__ import annotations

import asyncio
import logging
import time

from chat import db
from chat.accounts import erasure, guests, login_attempts
from chat.conf import settings
from chat.exceptions import Unavailable, format_traceback_without_message
from chat.governance import retention
from chat.threads import attachments, shares

logger = logging.getLogger(__name__)

CLEANUP_INTERVAL_SECONDS = (
    3_600.0  # between two looks for leftovers and for what is old: most is counted in days
)
CLEANUP_TASKS = {
    "guests": guests.delete_idle,
    "attachments": attachments.delete_unused,
    "shares": shares.delete_expired,
    "attempts": login_attempts.delete_expired,
}


class Janitor:
    """Runs cleanup in the background, in batches of a few short transactions each."""

    def __init__(self) -> None:
        self._looked = time.monotonic()
        self._more = True  # expired rows may be left: at the start, and until a batch finds none
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Clean up until `stop`."""
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Cancel cleanup; what it had begun is rolled back and done by another process or later."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self) -> None:
        # One lease later: a first start still makes the tables.
        await asyncio.sleep(settings.lease_seconds)
        while True:
            await self.step()
            await asyncio.sleep(settings.heartbeat_seconds)

    async def step(self) -> None:
        """Never raises: what could not be done now is done later."""
        try:
            await self._step()
        except Unavailable:
            return
        except Exception as problem:
            logger.error(
                "action=cleanup_failed reason=%s\n%s",
                type(problem).__name__,
                format_traceback_without_message(problem),
            )

    async def _step(self) -> None:
        for user in await db.atomic_async(erasure.pending_erasures):
            await db.atomic_async(erasure.erase_batch, user)
        if self._more:
            await self._remove_old()
        if time.monotonic() - self._looked >= CLEANUP_INTERVAL_SECONDS:
            self._looked, self._more = time.monotonic(), True
            for kind, remove in CLEANUP_TASKS.items():
                if gone := await db.atomic_async(remove):
                    logger.info("action=leftovers_removed kind=%s count=%d", kind, gone)

    async def _remove_old(self) -> None:
        gone = (
            await db.atomic_async(retention.delete_expired_threads),
            await db.atomic_async(retention.delete_expired_records),
        )
        self._more = any(gone)
        if self._more:
            logger.info("action=retention threads=%d access_records=%d", *gone)
