"""The product with a watchdog: it logs each stretch in which the event loop's thread works too long without a turn.

It tells the number of its tasks at STATE_PATH.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

from chatproject.asgi import pages  # isort: skip - Django comes first

from chat.asgi import ChatApplication, Receive, Send

logger = logging.getLogger("chatproject.watchdog")

# Seconds between two looks at the clock, while the loop is free.
INTERVAL = 0.005
# Seconds of the thread's own CPU time between two looks; the issue of bounded work allows one turn 50 ms.
LIMIT = 0.05 + INTERVAL
# Seconds after the start, in which imports and first connections are made.
WARM_UP = 2.0
STATE_PATH = "/watched-loop"


class WatchedApplication(ChatApplication):
    """The product's application with the watchdog and its state."""

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == STATE_PATH:
            await _tell_tasks(send)
        else:
            await super().__call__(scope, receive, send)

    async def on_startup(self) -> None:
        await super().on_startup()
        self._watchdog = asyncio.create_task(_watch())


async def _tell_tasks(send: Send) -> None:
    """Answer with the number of tasks."""
    body = str(len(asyncio.all_tasks())).encode()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def _watch() -> None:
    await asyncio.sleep(WARM_UP)
    used = time.thread_time()
    while True:
        await asyncio.sleep(INTERVAL)
        before, used = used, time.thread_time()
        if used - before > LIMIT:
            logger.error("action=loop_held milliseconds=%d", 1000 * (used - before))


application = WatchedApplication(pages)
