"""The state of this process: one object, whose parts are made when they are first needed and live as long as the process.

Everything else at the level of modules is constant once the settings are read and the apps are loaded.
"""

from __future__ import annotations

import threading
from typing import Any, TypeVar

T = TypeVar("T")


class ProcessState:
    """One part of each kind. `part` may be called from any thread."""

    def __init__(self) -> None:
        self._parts: dict[type[Any], Any] = {}
        self._making = threading.RLock()

    def part(self, kind: type[T]) -> T:
        """Return the part of a kind; the first call makes it."""
        part = self._parts.get(kind)
        if part is None:
            with self._making:
                part = self._parts.get(kind)
                if part is None:
                    part = self._parts[kind] = kind()
        return part

    def existing(self, kind: type[T]) -> T | None:
        """Return the part of a kind if it was made."""
        return self._parts.get(kind)


process = ProcessState()
