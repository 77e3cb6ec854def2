"""CPU time, memory and core affinity of processes, from /proc."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterable
from pathlib import Path

# Units of CPU time in /proc per second.
TICKS = os.sysconf("SC_CLK_TCK")
CORES = sorted(os.sched_getaffinity(0))
# Files kept free for the log, the database and the model.
SPARE_FILES = 500
PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process in user and kernel mode, to 10 ms; 0 where it is gone."""
    fields = _stat(pid)
    return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0


def postgres_seconds(backend: int) -> float:
    """Return the CPU time of the Postgres of a backend, with that of backends which have ended; 0 where it runs elsewhere."""
    fields = _stat(backend)
    if not fields:
        return 0.0
    postmaster = int(fields[1])
    ended = sum(map(int, _stat(postmaster)[13:15])) / TICKS
    return ended + sum(cpu_seconds(pid) for pid in tree(postmaster))


def memory_kb(pid: int) -> int:
    """Return the resident memory of a process in KiB; 0 where it is gone."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_KB
    return 0


def tree(root: int) -> list[int]:
    """Return a process and its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (fields := _stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += parents.get(pid, [])
    return found


def pin(pids: Iterable[int], *cores: int) -> None:
    """Bind processes and their threads to the cores of these numbers, on machines with several."""
    if len(CORES) < 2:
        return
    for pid in pids:
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError):
                os.sched_setaffinity(int(task.name), {CORES[core % len(CORES)] for core in cores})


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat after the name, which may hold blanks; empty where it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return []


def file_limit() -> int:
    """Return the connections that a process may have open, with room for its other files."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1] - SPARE_FILES
