"""The leases of this process's responses, renewed by heartbeats, and the end of those that others left behind."""

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
    """Tells by `on_lost` and `on_stop` what the database says of the responses that `held` lists."""

    def __init__(
        self,
        process: UUID,
        held: Callable[[], list[int]],
        on_lost: Callable[[int], None],
        on_stop: Callable[[StopRequest], None],
    ) -> None:
        self._process, self._held, self._on_lost, self._on_stop = process, held, on_lost, on_stop
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
                # Unforeseen; but without another round everything that runs here would be taken for dead.
                logger.error(
                    "action=leases_failed reason=%s\n%s",
                    type(problem).__name__,
                    format_traceback_without_message(problem),
                )
            await asyncio.sleep(settings.heartbeat_seconds)

    async def _renew(self) -> None:
        mine = self._held()
        if not mine:
            return
        held, stopping = await db.run_in_log_thread(lifecycle.heartbeat, self._process, mine)
        for response in set(mine) - held:
            self._on_lost(response)
        for stop in stopping:
            self._on_stop(stop)

    async def _reap(self) -> None:
        """End what processes left that died. Not in the first lease of a database that came back: nobody could renew."""
        if time.monotonic() - self._reachable_since < settings.lease_seconds:
            return
        for response in await db.atomic_async(lifecycle.expired_leases):
            ended = await db.atomic_async(lifecycle.finish_orphan, response, expired=True)
            if ended is not None:
                logger.warning("action=reaped response=%d", response)
