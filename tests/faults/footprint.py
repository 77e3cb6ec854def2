"""The descriptors, tasks, threads and memory that a server with a watched loop holds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.faults.watched_loop import STATE_PATH
from tests.live.client import PLAIN_TEXT
from tests.live.harness import START_SECONDS, LiveServer


@dataclass(frozen=True)
class Footprint:
    """Numbers of descriptors, threads and tasks, and resident memory in MiB."""

    descriptors: int
    threads: int
    tasks: int
    memory: float


def footprint(server: LiveServer) -> Footprint:
    """Return what the server holds now."""
    tasks = int(httpx.get(server.url + STATE_PATH, timeout=START_SECONDS, verify=PLAIN_TEXT).text)
    return Footprint(server.descriptors(), server.threads(), tasks, resident(server))


def resident(server: LiveServer) -> float:
    """Return the memory that the server holds, in MiB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{server.pid}/status").read_text())
    assert found
    return int(found[1]) / 1024
