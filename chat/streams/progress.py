"""The progress of running tool calls: a hint for the readers in this process, never stored and never replayed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from chat.streams.events import ProgressEvent

# Seconds between two hints of a response: a server may report a thousand steps a second.
INTERVAL_SECONDS = 0.5


class ProgressHints:
    """The newest progress of each running call, published together every INTERVAL_SECONDS at most, by calling `wake`.

    `published` counts the hints; a reader that has had them up to a number gets those after it.
    """

    __slots__ = ("_newest", "_next", "_shown", "_timer", "_wake", "published")

    def __init__(self, wake: Callable[[], None]) -> None:
        self.published = 0
        self._wake = wake
        # Yet to be published, and published with their numbers; both by the ids of calls.
        self._newest: dict[str, ProgressEvent] = {}
        self._shown: dict[str, tuple[int, ProgressEvent]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next = 0.0

    def report(self, call_id: str, event: ProgressEvent) -> None:
        """Publish an event, in place of those of the same call that are not out yet."""
        self._newest[call_id] = event
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._next), self._publish)

    def end(self, call_id: str) -> None:
        """Forget a call that has ended."""
        self._newest.pop(call_id, None)
        self._shown.pop(call_id, None)

    def after(self, number: int) -> list[ProgressEvent]:
        """Return the published events behind a number."""
        return [event for at, event in self._shown.values() if at > number]

    def _publish(self) -> None:
        self._timer, self._next = None, asyncio.get_running_loop().time() + INTERVAL_SECONDS
        for call_id, event in self._newest.items():
            self.published += 1
            self._shown[call_id] = (self.published, event)
        self._newest.clear()
        self._wake()
