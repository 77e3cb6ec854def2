"""The leases of this process's responses, renewed by heartbeats, and the end of orphaned responses."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from uuid import UUID

from chat import db
from chat.conf import settings
from chat.exceptions import Unavailable, format_traceback_without_message
from chat.responses import lifecycle
from chat.streams.storage import StopRequest

logger = logging.getLogger(__name__)


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
        self._reachable_since = time.monotonic()

    async def keep(self) -> None:
        """Renew and reap until cancelled."""
        while True:
            try:
                await self._renew()
                await self._reap()
            except Unavailable:
                self._reachable_since = time.monotonic()
            except Exception as problem:
                # Unforeseen; but without another round all responses of this process would become orphans.
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
        """End orphans; not in the first lease after the database came back, for no process could renew before."""
        if time.monotonic() - self._reachable_since < settings.lease_seconds:
            return
        for response in await db.atomic_async(lifecycle.expired_leases):
            ended = await db.atomic_async(lifecycle.finish_orphan, response, expired=True)
            if ended is not None:
                logger.warning("action=reaped response=%d", response)
                lifecycle.log_end(ended)
