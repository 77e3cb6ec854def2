"""Even shares of the connections among the processes of a server.

Each process counts its connections in a file that all of them map. One that has more than another leaves the next ones
to it. The kernel's own ways were measured with 200 connections at once to two processes, 20 times each. Connections of
the busier process at worst: 180 where both accept on one socket, 111 with SO_REUSEPORT, 104 with this. SO_REUSEPORT also
gives a process that hangs its share: 106 of 200 connections were not answered, none with this. Those of a process that
had died waited up to 2.8 s for its replacement, 0.4 s with this.
"""

from __future__ import annotations

import mmap
import struct
import tempfile
from typing import IO, Final

# Connections that a process may have more than another: a burst is accepted in handfuls, not one by one in turn.
AHEAD = 4

COUNT: Final = "L"
COUNT_BYTES = struct.calcsize(COUNT)


def create_counts(processes: int) -> IO[bytes]:
    """Create the unnamed file that the processes share; it is gone once all of them have closed it."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - open for as long as the processes run
    file.truncate(processes * COUNT_BYTES)
    return file


class Balance:
    """The view of the process with number `index` on the shared counts."""

    def __init__(self, descriptor: int, index: int) -> None:
        self._counts: memoryview[int] = memoryview(mmap.mmap(descriptor, 0)).cast(COUNT)
        self._index = index
        self.record(0)  # a predecessor that died left its count

    def record(self, connections: int) -> None:
        """Record the number of connections that are open in this process."""
        self._counts[self._index] = connections

    def room(self) -> int:
        """Return the number of connections that this process may accept before it has too many."""
        return max(0, min(self._counts) + AHEAD - self._counts[self._index])
