"""The replacement of a server process: by one that can serve, or not at all."""

from __future__ import annotations

import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chatproject.dev.supervised_server import SupervisedServer

# A process that can serve at once, and says so if asked, and ends on SIGUSR1 with a status of its own.
SERVES = """
import os, signal, sys
signal.signal(signal.SIGUSR1, lambda *_: os._exit(7))
if "--ready-fd" in sys.argv:
    os.write(int(sys.argv[-1]), b"\\n")
print("up", flush=True)
signal.pause()
"""
# The code that comes later: it ends where a process before it served.
FAILS = 'import sys\nif "--ready-fd" in sys.argv:\n    sys.exit(1)\n' + SERVES
# Seconds, on a busy machine, for a step that takes 0.05.
SECONDS = 20.0


@pytest.fixture
def made(tmp_path: Path) -> Iterator[list[SupervisedServer]]:
    servers: list[SupervisedServer] = []
    yield servers
    for server in servers:
        server.signal(signal.SIGKILL)
        for process in server._all():
            process.wait(SECONDS)
        server._check_retired(time.monotonic())
        server._close()


def supervised(made: list[SupervisedServer], code: str, **environ: str) -> SupervisedServer:
    server = SupervisedServer([sys.executable, "-c", code], [], {"PATH": "", **environ})
    made.append(server)
    server.check()
    return server


def replace(server: SupervisedServer) -> bool:
    return server.replace(
        {"PATH": ""}, lambda descriptor: bool(select.select([descriptor], [], [], SECONDS)[0])
    )


def process_of(server: SupervisedServer) -> subprocess.Popen[bytes]:
    assert server._process is not None
    return server._process


def test_a_successor_that_can_serve_retires_the_former_process(made: list[SupervisedServer]) -> None:
    server = supervised(made, SERVES)
    former = process_of(server)
    assert replace(server)
    assert process_of(server) is not former
    assert former.wait(SECONDS) in (7, -signal.SIGUSR1)  # the latter where it had not begun
    server.check()
    assert server._all() == [process_of(server)]


def test_a_successor_that_ends_leaves_the_former_process_as_it_is(made: list[SupervisedServer]) -> None:
    server = supervised(made, FAILS)
    former = process_of(server)
    assert not replace(server)
    assert process_of(server) is former
    assert former.poll() is None


def test_a_supervisor_that_stops_meanwhile_replaces_nothing(made: list[SupervisedServer]) -> None:
    server = supervised(made, "import time; time.sleep(60)")
    former = process_of(server)
    assert not server.replace({}, lambda _: False)
    assert process_of(server) is former


def test_a_retired_process_that_does_not_end_is_terminated(made: list[SupervisedServer]) -> None:
    server = supervised(made, SERVES.replace("os._exit(7)", "None"))
    former = process_of(server)
    server._retired.append((former, time.monotonic() - 1))
    server._process = None
    server._check_retired(time.monotonic())
    assert former.wait(SECONDS) == -signal.SIGTERM


def test_the_gauges_of_a_process_that_has_ended_count_no_more(
    made: list[SupervisedServer], tmp_path: Path
) -> None:
    server = supervised(made, SERVES, PROMETHEUS_MULTIPROC_DIR=str(tmp_path))
    former = process_of(server)
    names = [f"{kind}_{former.pid}.db" for kind in ("gauge_livesum", "counter")]
    for name in names:
        (tmp_path / name).touch()
    former.kill()
    former.wait(SECONDS)
    server.check()
    assert [path.name for path in tmp_path.iterdir()] == names[1:]
