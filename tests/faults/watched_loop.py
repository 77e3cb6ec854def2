"""The product with a watchdog: it logs each stretch in which the event loop's thread works too long without a turn."""

from __future__ import annotations

import asyncio
import logging
import time

from chatproject.asgi import application  # isort: skip - Django comes first

logger = logging.getLogger("chatproject.watchdog")

# Seconds between two looks at the clock, while the loop is free.
INTERVAL = 0.005
# Seconds of the thread's own CPU time between two looks; the issue of bounded work allows one turn 50 ms.
LIMIT = 0.05 + INTERVAL
# Seconds after the start, in which imports and first connections are made.
WARM_UP = 2.0

_start = application.on_startup


async def _watch() -> None:
    await asyncio.sleep(WARM_UP)
    used = time.thread_time()
    while True:
        await asyncio.sleep(INTERVAL)
        before, used = used, time.thread_time()
        if used - before > LIMIT:
            logger.error("action=loop_held milliseconds=%d", 1000 * (used - before))


async def _start_watched() -> None:
    await _start()
    application.watchdog = asyncio.create_task(_watch())  # type: ignore[attr-defined]


application.on_startup = _start_watched  # type: ignore[method-assign]

__all__ = ["application"]
