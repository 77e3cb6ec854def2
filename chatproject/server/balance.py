"""How many connections each process of a server has, where all of them can see it.

Processes that accept on one socket race for each connection, and one that pauses or works loses: of 200 streams, two had 83 and
117. Whoever has more than another leaves the next ones to it; then both had 100 (seven turns each).
"""

from __future__ import annotations

import mmap
import struct
import tempfile
from typing import IO, Final

AHEAD = 4
"""Connections that a process may have more than another: those of a burst are taken in handfuls, not one by one in turn."""

COUNT: Final = "L"
SIZE = struct.calcsize(COUNT)


def shared(processes: int) -> IO[bytes]:
    """The file that these processes share; it has no name, and goes when nobody has it open."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - for as long as the processes run
    file.truncate(processes * SIZE)
    return file


class Balance:
    """What the process with that place sees in the file."""

    def __init__(self, descriptor: int, place: int) -> None:
        self._counts: memoryview[int] = memoryview(mmap.mmap(descriptor, 0)).cast(COUNT)
        self._place = place
        self.note(0)  # of one that died here before

    def note(self, connections: int) -> None:
        """So many are open in this process."""
        self._counts[self._place] = connections

    def room(self) -> int:
        """How many more this one may take before it has too many; none, if it has."""
        return max(0, min(self._counts) + AHEAD - self._counts[self._place])
