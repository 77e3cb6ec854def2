"""The server's timeouts go by the monotonic clock: one on the wall may jump by a day."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.live.harness import ROOT

# In a process of its own, since the import of the server installs its reactor.
CHECKS = """
import sys, time
from types import SimpleNamespace
from chatproject.server import server, websocket

done, began = [], websocket.loop.time()
socket = websocket.WebSocket()
socket.server = SimpleNamespace(ping_interval=20, websocket_connect_timeout=20)
socket.opened = socket.pinged = began
socket.serverReject, socket._sendAutoPing = lambda: done.append("reject"), lambda: done.append("ping")

def check():
    for socket.state in (socket.STATE_CONNECTING, socket.STATE_OPEN):
        socket.check_timeouts()

wall = time.time()
time.time = lambda: wall + float(sys.argv[1])
check()
print(*done)
websocket.loop = SimpleNamespace(time=lambda: began + 21)
check()
check()
print(*done)

leaving = SimpleNamespace(connections={"it": {"application_instance": SimpleNamespace(
    done=lambda: False, cancel=lambda: print("cancelled"))}}, application_close_timeout=10)
leaving.cancel_late = lambda *late: server.DaphneServer.cancel_late(leaving, *late)
server.DaphneServer.protocol_disconnected(leaving, "it")
time.time = lambda: wall - float(sys.argv[1])
server.DaphneServer.reap(leaving, "it")
"""


@pytest.mark.parametrize("jump", ["86400", "-86400"])
def test_a_jump_of_the_clock_ends_no_handshake_no_pings_and_no_application(jump: str) -> None:
    told = subprocess.run(
        [sys.executable, "-c", CHECKS, jump], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (told.stdout, told.stderr) == ("\nreject ping reject\n", "")
