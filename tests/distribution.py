"""The distribution of the test files to the processes of a run."""

from __future__ import annotations

import os
import zlib
from collections.abc import Collection

from xdist.scheduler import LoadFileScheduling

# Tests in a browser.
BROWSER = "tests/page/"
# Browsers at a time, each of which keeps a core busy: two on two cores miss the deadlines of these tests.
BROWSERS = max(1, (os.cpu_count() or 1) // 2)
# The files that take longest come first, and the run ends with files of a second.
SLOW_FIRST = (
    BROWSER,
    "tests/live/",
    "tests/faults/",
    "tests/contract/",
    "tests/dialects/",
    "tests/embedding/",
    "tests/fuzz/",
)


class FileDistribution(LoadFileScheduling):
    """Give each file to one process, and all files with a browser to as many processes as there may be browsers."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return f"{BROWSER}{zlib.crc32(file.encode()) % BROWSERS}" if file.startswith(BROWSER) else file


def position(nodeid: str, fixtures: Collection[str]) -> tuple[int, bool]:
    """Return the place of a test in the order of the run, as a key to sort by. In a folder those with a browser come last.

    Playwright keeps an event loop in the main thread from the first of them until the last.
    """
    folders = [number for number, folder in enumerate(SLOW_FIRST) if nodeid.startswith(folder)]
    return (folders[0] if folders else len(SLOW_FIRST)), "browser" in fixtures
