"""The leases of this process's responses, renewed by heartbeats, and the end of orphaned responses."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from chat import db
from chat.conf import settings
from chat.db import health
from chat.exceptions import Unavailable, format_traceback_without_message
from chat.responses import lifecycle
from chat.responses.lease_watch import LeaseWatch
from chat.streams.storage import StopRequest

logger = logging.getLogger(__name__)

# Orphans ended between two heartbeats: each takes a transaction, and this process's own leases must be renewed.
REAP_BATCH = 100


class Leases:
    """Renews the leases of the responses that `owned` lists; calls `on_lost` and `on_stop` with the database's answer."""

    def __init__(
        self,
        process: UUID,
        owned: Callable[[], list[int]],
        on_lost: Callable[[int], None],
        on_stop: Callable[[StopRequest], None],
    ) -> None:
        self._process, self._owned, self._on_lost, self._on_stop = process, owned, on_lost, on_stop
        self._watch = LeaseWatch()

    async def keep(self) -> None:
        """Renew and reap until cancelled."""
        while True:
            try:
                await self._renew()
                await self._reap()
            except Unavailable:
                self._watch.forget()
            except Exception as problem:
                # Unforeseen; but without another round all responses of this process would become orphans.
                self._watch.forget()
                if not health.is_unmigrated(problem):
                    logger.error(
                        "action=leases_failed reason=%s\n%s",
                        type(problem).__name__,
                        format_traceback_without_message(problem),
                    )
            await asyncio.sleep(settings.heartbeat_seconds)

    async def _renew(self) -> None:
        owned = self._owned()
        if not owned:
            return
        renewed, stopping = await db.run_in_log_thread(lifecycle.heartbeat, self._process, owned)
        for response in set(owned) - renewed:
            self._on_lost(response)
        for stop in stopping:
            self._on_stop(stop)

    async def _reap(self) -> None:
        """End orphans: responses whose leases were not renewed for a lease while this process watched."""
        self._watch.begin()
        leases = await db.run_async(lifecycle.leases)
        owned = set(self._owned())
        expired = self._watch.expired({pk: lease for pk, lease in leases.items() if pk not in owned})
        for response, lease in list(expired.items())[:REAP_BATCH]:
            await _reap(response, lease)


async def _reap(response: int, lease: datetime) -> None:
    """End an orphan; one that cannot be ended, for whatever reason, keeps no other from its end."""
    try:
        # Expired by both clocks: the database's alone may jump, and this process may have shorter leases than the owner.
        ended = await db.atomic_async(lifecycle.finish_orphan, response, expired=True, lease=lease)
    except Unavailable:
        raise
    except Exception as problem:
        logger.error(
            "action=reap_failed response=%d reason=%s\n%s",
            response,
            type(problem).__name__,
            format_traceback_without_message(problem),
        )
        return
    if ended is not None:
        logger.warning("action=reaped response=%d", response)
        lifecycle.log_end(ended)
