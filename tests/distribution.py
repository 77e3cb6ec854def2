"""The distribution of the test files to the processes of a run."""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Collection
from functools import cache
from pathlib import Path

from xdist.scheduler import LoadFileScheduling

ROOT = Path(__file__).resolve().parents[1]
# The folder of the tests in a browser.
BROWSER = "tests/page/"
# An import of each file that drives a browser; the others of its folder are distributed like those of any folder.
BROWSER_IMPORT = re.compile(r"^from (playwright|tests\.page\.tab)\b", re.MULTILINE)
# Browsers at a time, each of which keeps a core busy: two on two cores miss the deadlines of these tests.
BROWSERS = max(1, (os.cpu_count() or 1) // 2)
# After those with a browser, the files that take longest come first, and the run ends with files of a second. The page's
# files without a browser wait for the page, whose build the browser's process has begun: half a minute for each process.
SLOW_FIRST = (
    "tests/live/",
    BROWSER,
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
        return f"{BROWSER}{zlib.crc32(file.encode()) % BROWSERS}" if drives_browser(file) else file


@cache
def drives_browser(file: str) -> bool:
    """Return true for a file of the page's folder whose tests need the browser."""
    return file.startswith(BROWSER) and bool(BROWSER_IMPORT.search((ROOT / file).read_text()))


def position(nodeid: str, fixtures: Collection[str]) -> tuple[int, bool]:
    """Return the place of a test in the order of the run, as a key to sort by. In a folder those with a browser come last.

    Playwright keeps an event loop in the main thread from the first of them until the last one of the folder. So its files
    without a browser come soon: another process takes them while one is busy with the browser.
    """
    if drives_browser(nodeid.partition("::")[0]):
        return -1, "browser" in fixtures
    folders = [number for number, folder in enumerate(SLOW_FIRST) if nodeid.startswith(folder)]
    return (folders[0] if folders else len(SLOW_FIRST)), "browser" in fixtures
