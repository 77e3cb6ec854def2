"""What processes cost: CPU time and memory, read from /proc; and which cores they run on."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterable
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")  # units of CPU time in /proc, a second
CORES = sorted(os.sched_getaffinity(0))
SPARE_FILES = 500  # the log, the database, the model
PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, in user and kernel, to a hundredth of a second; 0 where it is gone."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0


def memory_kb(pid: int) -> int:
    """Resident memory of a process, in KiB; 0 where it is gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_KB
    return 0


def tree(root: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += parents.get(pid, [])
    return found


def pin(pids: Iterable[int], *cores: int) -> None:
    """Keep processes, with the threads that they have and will have, on the cores of these numbers, where there are several."""
    if len(CORES) < 2:
        return
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                os.sched_setaffinity(int(task.name), {CORES[core % len(CORES)] for core in cores})


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name, which may hold blanks; none where the process is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []


def file_limit() -> int:
    """Connections that a process may have open, with room for its other files."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE_FILES
