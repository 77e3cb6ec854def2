"""Clients that leave at every step of both protocols, in every way, cost the server nothing afterwards."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.live.harness import eventually
from tests.live.probe import MIB, ProbeServer, close_code, frame

# For each step, ending and state of the server: together more than three thousand in two rounds.
CONNECTIONS = 10

# Resident memory that the second round may add: 1 MB in practice, 20 MB where no connection is released.
GROWTH_BYTES = 10 * MIB

# More than the socket buffers of the probe take, so that the flood stands still.
FLOOD_BYTES = 256 * 1024

GET = b"GET /state HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /echo HTTP/1.1\r\nHost: x\r\n"
PINGS = (b"\x89\x84" + bytes(4) + b"ping") * 20
FRAMES = frame(b"x" * 1000) * 20
CLOSE = b"\x88\x82" + bytes(4) + b"\x03\xe8"


def handshake(name: str) -> bytes:
    head = f"GET /ws/{name} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    return f"{head}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n".encode()


class LeavingPoint(NamedTuple):
    """A point at which clients leave."""

    # Sent in the moment of leaving.
    last: bytes
    # Sent before, and answered.
    first: bytes = b""


STEPS = {
    "a new connection": LeavingPoint(b""),
    "no HTTP": LeavingPoint(bytes(1000)),
    "half a request line": LeavingPoint(GET[:8]),
    "half a head": LeavingPoint(GET[:30]),
    "half a body": LeavingPoint(POST + b"Content-Length: 90000\r\n\r\n" + bytes(20_000)),
    "half a chunked body": LeavingPoint(POST + b"Transfer-Encoding: chunked\r\n\r\n4000\r\n" + bytes(8000)),
    "a body beyond the cap": LeavingPoint(POST + b"Content-Length: 99999999\r\n\r\n" + bytes(20_000)),
    "a whole request": LeavingPoint(GET),
    "many requests": LeavingPoint(GET * 30),
    "a second request": LeavingPoint(GET, first=GET),
    "an answer under way": LeavingPoint(GET, first=b"GET /large/left HTTP/1.1\r\nHost: x\r\n\r\n"),
    "half a handshake": LeavingPoint(handshake("mirror")[:90]),
    "a handshake": LeavingPoint(handshake("mirror")),
    "a handshake with pings": LeavingPoint(handshake("slow") + PINGS),
    "a refused handshake with pings": LeavingPoint(handshake("refuse") + PINGS),
    "unread pings": LeavingPoint(PINGS, first=handshake("mirror")),
    "unread frames": LeavingPoint(FRAMES, first=handshake("mirror")),
    "half a frame": LeavingPoint(FRAMES[:500], first=handshake("mirror")),
    "a close frame": LeavingPoint(CLOSE, first=handshake("mirror")),
    "frames under way": LeavingPoint(PINGS, first=handshake("talk")),
}


def reset(client: socket.socket, last: bytes) -> None:
    send(client, last)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


def close(client: socket.socket, last: bytes) -> None:
    send(client, last)
    client.close()


def half_close(client: socket.socket, last: bytes) -> None:
    """Leave the other half to the end of the batch."""
    send(client, last)
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_WR)


def flood(client: socket.socket, last: bytes) -> None:
    send(client, last * (FLOOD_BYTES // max(1, len(last))))
    reset(client, b"")


def send(client: socket.socket, data: bytes) -> None:
    """Send what the kernel takes now."""
    client.setblocking(False)
    with contextlib.suppress(OSError):
        while data:
            data = data[client.send(data) :]


ENDINGS: tuple[Callable[[socket.socket, bytes], None], ...] = (reset, close, half_close, flood)


def leave(
    probe: ProbeServer, step: LeavingPoint, ending: Callable[[socket.socket, bytes], None], stopped: bool
) -> None:
    """Bring a batch of clients to the step and disconnect them, seen by the server at once or one by one."""
    with contextlib.ExitStack() as held:
        clients = [held.enter_context(arrived(probe, step)) for _ in range(CONNECTIONS)]
        with probe.stopped() if stopped else contextlib.nullcontext():
            for client in clients:
                ending(client, step.last)


def arrived(probe: ProbeServer, step: LeavingPoint) -> socket.socket:
    client = probe.open()
    if step.first:
        client.sendall(step.first)
        assert client.recv(1)
    return client


def visit(probe: ProbeServer, step: LeavingPoint) -> None:
    for ending in ENDINGS:
        leave(probe, step, ending, stopped=False)
        leave(probe, step, ending, stopped=True)


def used_memory(probe: ProbeServer) -> int:
    """Return the resident bytes once the applications of all clients that left have ended."""
    eventually(lambda: probe.state()["tasks"] <= 1, says="applications go on for clients that left")
    probe.get("/collect")
    return probe.memory()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "errors"


@pytest.fixture
def probe(log: Path) -> Iterator[ProbeServer]:
    with log.open("w") as errors:
        made = ProbeServer(errors)
    made.state()
    yield made
    made.process.kill()
    made.process.communicate()


@pytest.mark.live
def test_a_connection_whose_check_fails_is_closed_and_the_others_are_still_checked(
    probe: ProbeServer,
) -> None:
    with probe.websocket("broken") as first, probe.websocket("broken") as second:
        assert (close_code(first), close_code(second)) == (0, 0)  # closed without a close frame
    eventually(lambda: probe.state()["tasks"] <= 1, says="applications go on for clients that left")


@pytest.mark.live
@pytest.mark.slow
def test_clients_that_leave_at_any_moment_in_any_way_cost_nothing_afterwards(
    probe: ProbeServer, log: Path
) -> None:
    descriptors = probe.descriptors()
    for name, step in STEPS.items():
        visit(probe, step)
        eventually(lambda: probe.descriptors() <= descriptors, says=f"{name}: connections stay open")
    memory = used_memory(probe)
    for step in STEPS.values():
        visit(probe, step)
        probe.get("/collect")
    eventually(lambda: probe.descriptors() <= descriptors, says="connections stay open")
    assert used_memory(probe) - memory < GROWTH_BYTES
    assert log.read_text() == ""
