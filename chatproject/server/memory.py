"""Return of free memory to the system.

The C library keeps what was freed between other blocks: 60 MB after many huge pages at once, though Python held none of it.
"""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Callable

# Seconds between two releases, each of which takes less than a millisecond of CPU where there is little to release.
INTERVAL = 10.0


def release_periodically(loop: asyncio.AbstractEventLoop) -> None:
    """Release free memory now and then, in a thread. Do nothing without glibc, which alone can."""
    if release := getattr(ctypes.CDLL(None), "malloc_trim", None):
        loop.call_later(INTERVAL, _release, loop, release)


def _release(loop: asyncio.AbstractEventLoop, release: Callable[[int], int]) -> None:
    loop.run_in_executor(None, release, 0)
    loop.call_later(INTERVAL, _release, loop, release)
