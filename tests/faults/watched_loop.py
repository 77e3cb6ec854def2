"""The product with a watchdog: it logs each stretch in which the event loop's thread works too long without a turn.

It tells the number of its tasks at STATE_PATH.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
import traceback
from typing import Any

from chatproject.asgi import pages  # isort: skip - Django comes first

from chat.asgi import ChatApplication, Receive, Send
from chatproject.server import warm

warm.DELAY = 0.0
logger = logging.getLogger("chatproject.watchdog")

# Seconds between two looks at the clock, while the loop is free.
INTERVAL = 0.005
# Seconds of the thread's own CPU time between two looks; the issue of bounded work allows one turn 50 ms.
LIMIT = 0.05 + INTERVAL
# Seconds after the start, in which imports and first connections are made.
WARM_UP = 2.0
# Calls of a stack that say where the loop is held.
FRAMES = 12
STATE_PATH = "/watched-loop"
# Said once the warm-up is over.
WATCHING = "action=loop_watched"


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
    sampler = Sampler()
    logger.warning(WATCHING)
    while True:
        await asyncio.sleep(INTERVAL)
        if held := sampler.turn():
            logger.error("action=loop_held milliseconds=%d place=%s", 1000 * held, sampler.place)


class Sampler:
    """Looks from a thread of its own at what the loop's thread does while a turn takes too long."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        self._clock = time.pthread_getcpuclockid(self._thread)
        self._used, self.place = time.thread_time(), ""
        threading.Thread(target=self._sample, daemon=True).start()

    def turn(self) -> float:
        """Begin a turn. Return the seconds of CPU time of the last one if they are beyond the limit, else 0."""
        before, self._used = self._used, time.thread_time()
        return self._used - before if self._used - before > LIMIT else 0.0

    def _sample(self) -> None:
        while True:
            time.sleep(INTERVAL)
            if time.clock_gettime(self._clock) - self._used > LIMIT:
                frames = traceback.extract_stack(sys._current_frames()[self._thread])[-FRAMES:]
                self.place = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames))


application = WatchedApplication(pages)
