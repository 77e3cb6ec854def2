"""What no one asks for and every server does: guests who left, what is old, and what is being erased goes, a bit at a time."""

from __future__ import annotations

import logging
import time

from chat import store
from chat.errors import Unavailable, format_traceback_without_message
from chat.store import attachments, attempts, erasure, guests, retention, shares

logger = logging.getLogger(__name__)

CLEANUP_INTERVAL_SECONDS = (
    3_600.0  # between two looks for leftovers and for what is old: most is counted in days
)
CLEANUP_TASKS = {
    "guests": guests.delete_idle,
    "attachments": attachments.delete_unused,
    "shares": shares.delete_expired,
    "attempts": attempts.delete_expired,
}


class Janitor:
    """`step` is called again and again; each call is a few short transactions."""

    def __init__(self) -> None:
        self._looked = time.monotonic()
        self._more = True  # there may be more that is old: at the start, and until a step finds nothing

    async def step(self) -> None:
        """Never raises: what could not be done now is done later."""
        try:
            await self._step()
        except Unavailable:
            return
        except Exception as problem:
            logger.error(
                "action=tidying_failed reason=%s\n%s",
                type(problem).__name__,
                format_traceback_without_message(problem),
            )

    async def _step(self) -> None:
        for user in await store.atomic_async(erasure.pending_erasures):
            await store.atomic_async(erasure.erase_batch, user)
        if self._more:
            await self._remove_old()
        if time.monotonic() - self._looked >= CLEANUP_INTERVAL_SECONDS:
            self._looked, self._more = time.monotonic(), True
            for kind, remove in CLEANUP_TASKS.items():
                if gone := await store.atomic_async(remove):
                    logger.info("action=leftovers_removed kind=%s count=%d", kind, gone)

    async def _remove_old(self) -> None:
        gone = (
            await store.atomic_async(retention.delete_expired_threads),
            await store.atomic_async(retention.delete_expired_records),
        )
        self._more = any(gone)
        if self._more:
            logger.info("action=retention threads=%d access_records=%d", *gone)
