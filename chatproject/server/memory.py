"""Return of free memory to the system.

The C library keeps what was freed between other blocks. Of huge pages, floods and hostile forms, a server kept 50 MiB after six
minutes, though Python held none of it; with these bounds it kept 1 MiB.
"""

from __future__ import annotations

import asyncio
import ctypes
from typing import Any

# Seconds between two releases, each of which takes less than a millisecond of CPU where there is little to release.
INTERVAL = 10.0
# Parameters of glibc's mallopt(3) by its <malloc.h>.
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8
# Bytes from which a block is mapped by itself and goes back to the system when it is freed. Unset, glibc raises the bound
# to the largest block that was freed, up to 32 MiB: bodies and pages then lie between blocks that live for long.
LARGE_BLOCK = 256 * 1024
# Heaps of all threads together, of which Python runs one at a time. Unset, there are eight for each core.
HEAPS = 2


def bound_free_memory(loop: asyncio.AbstractEventLoop) -> None:
    """Keep free memory small, and release it now and then in a thread. Do nothing without glibc, which alone can."""
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK)
        library.mallopt(M_ARENA_MAX, HEAPS)
        loop.call_later(INTERVAL, _release, loop, library)


def _release(loop: asyncio.AbstractEventLoop, library: Any) -> None:
    loop.run_in_executor(None, library.malloc_trim, 0)
    loop.call_later(INTERVAL, _release, loop, library)
