"""The leases of this process's responses, renewed by heartbeats, and the end of those that others left behind."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from uuid import UUID

from chat import store
from chat.conf import settings
from chat.errors import Unavailable, format_traceback_without_message
from chat.store import lifecycle
from chat.store.logs import StopRequest
from chat.tidying import Janitor

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
        self._tidier = Janitor()
        self._tidying: asyncio.Task[None] | None = None

    async def keep(self) -> None:
        """Renew, reap and tidy until cancelled."""
        try:
            await self._keep()
        finally:
            if self._tidying is not None:
                self._tidying.cancel()

    async def _keep(self) -> None:
        while True:
            try:
                await self._renew()
                await self._reap()
                self._clean_up()
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
        held, stopping = await store.run_in_log_thread(lifecycle.heartbeat, self._process, mine)
        for response in set(mine) - held:
            self._on_lost(response)
        for stop in stopping:
            self._on_stop(stop)

    async def _reap(self) -> None:
        """End what processes left that died. Not in the first lease of a database that came back: nobody could renew."""
        if time.monotonic() - self._reachable_since < settings.lease_seconds:
            return
        for response in await store.atomic_async(lifecycle.expired_leases):
            ended = await store.atomic_async(lifecycle.finish_orphan, response, expired=True)
            if ended is not None:
                logger.warning("action=reaped response=%d", response)

    def _clean_up(self) -> None:
        """Beside the leases, which must not wait for it; and not at once, while a first start still makes the tables."""
        if time.monotonic() - self._reachable_since < settings.lease_seconds:
            return
        if self._tidying is None or self._tidying.done():
            self._tidying = asyncio.create_task(self._tidier.step())
