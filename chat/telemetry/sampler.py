"""Figures that no event reports: they are measured now and then, for as long as the process runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from chat import db
from chat.db.notifications import clock_subject, notify
from chat.exceptions import Unavailable
from chat.telemetry.observers import observers, telemetry

# Seconds between two looks at the event loop: a longer delay than this is seen for certain, and a look takes some 20 µs.
LOOP_SECONDS = 1.0
# Looks between two notifications to itself: each takes a transaction.
NOTIFY_EVERY = 15


class ProcessSampler:
    """Measures the event loop's delay, the `figures` of gauges, and the way of a notification through the database."""

    def __init__(self, figures: Callable[[], Mapping[str, float]]) -> None:
        self._figures = figures
        self._id = str(uuid4())
        self.subject = clock_subject(self._id)

    async def run(self) -> None:
        """Measure until cancelled."""
        metrics, loop, looks = telemetry().metrics, asyncio.get_running_loop(), 0
        while True:
            due = loop.time() + LOOP_SECONDS
            await asyncio.sleep(LOOP_SECONDS)
            looks += 1
            if metrics is not None:
                metrics.sample(max(0.0, loop.time() - due), self._figures())
            if looks % NOTIFY_EVERY == 1:
                await self._notify()

    async def _notify(self) -> None:
        try:
            await db.run_async(notify, "clock", self._id, time.monotonic())
        except Unavailable:
            return  # the database is away, which others report

    def on_clock(self, facts: list[Any]) -> None:
        """Observe the delay of a notification to itself: another process has another clock."""
        sender, sent = facts
        if sender == self._id:
            for observer in observers():
                observer.notified(time.monotonic() - sent)
