"""No flood of one client holds the event loop, on which all others wait."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.faults.fault_server import start_fault_server
from tests.faults.watched_loop import WATCHING
from tests.live.client import SECONDS, Client
from tests.live.harness import LiveServer, eventually
from tests.live.probe import frame
from tests.live.test_resets import FRAMES, PINGS

# As much as a server reads at once.
FLOOD_BYTES = 256 * 1024
HANDSHAKE = (
    "GET /ws/chat/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: {}\r\n\r\n"
)


@pytest.fixture
def watched(live: None, servers: Any) -> Iterator[LiveServer]:
    """A server whose event loop is watched, beyond the time of its start."""
    with start_fault_server(servers, "watched_loop") as server:
        eventually(lambda: WATCHING in server.log)
        yield server


@contextlib.contextmanager
def open_socket(client: Client) -> Iterator[socket.socket]:
    address = client.server.listener.getsockname()
    with socket.create_connection(address, SECONDS) as connection:
        connection.sendall(HANDSHAKE.format(client.headers["Authorization"]).encode())
        receive_until(connection, b"\r\n\r\n")
        yield connection


def receive_until(connection: socket.socket, last: bytes) -> None:
    """Return once these bytes came, or the server closed the connection."""
    received = b""
    while last not in received:
        data = connection.recv(65_536)
        if not data:
            return
        received = received[-len(last) :] + data


@pytest.mark.live
@pytest.mark.parametrize("frames", [PINGS, FRAMES], ids=["pings", "frames"])
def test_a_flood_of_frames_does_not_hold_the_loop(
    watched: LiveServer, make_client: Callable[..., Client], frames: bytes
) -> None:
    with open_socket(make_client(watched)) as connection:
        connection.sendall(frames * (FLOOD_BYTES // len(frames)) + frame(b'{"type": "ping"}'.ljust(200)))
        receive_until(connection, b'"pong"')
    assert make_client(watched).get("/api/session").status_code == 200
    assert "action=loop_held" not in watched.log
