"""A bound on how often something happens that a server causes."""

from __future__ import annotations

import time
from collections import deque


class Pace:
    """A bound of `count` events in any `seconds`."""

    def __init__(self, count: int, seconds: float) -> None:
        self._seconds = seconds
        self._due: deque[float] = deque(maxlen=count)

    def pause(self) -> float:
        """Count an event, and return the seconds before it may happen."""
        now = time.monotonic()
        full = len(self._due) == self._due.maxlen
        due = max(now, self._due[0] + self._seconds) if full else now
        self._due.append(due)
        return due - now
