"""No flood of one client holds the event loop, on which all others wait."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chat.testing import ScriptedModel, answer
from chat.testing.script import Raw, broken
from tests.faults.fault_server import start_fault_server
from tests.faults.watched_loop import WATCHING
from tests.live.client import SECONDS, Client, new_id
from tests.live.harness import LiveServer, eventually
from tests.live.probe import frame
from tests.live.test_resets import FRAMES, PINGS
from tests.unit.c1_samples import version_2

# As much as a server reads at once.
FLOOD_BYTES = 256 * 1024
HANDSHAKE = (
    "GET /ws/chat/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nAuthorization: {}\r\n\r\n"
)


@pytest.fixture(scope="module")
def watched_server(servers: Any) -> Iterator[LiveServer]:
    with start_fault_server(servers, "watched_loop") as server:
        eventually(lambda: WATCHING in server.log)
        yield server


@pytest.fixture
def watched(live: None, watched_server: LiveServer) -> Iterator[LiveServer]:
    """A server whose event loop is watched, beyond the time of its start; nothing may hold it during the test."""
    begin = len(watched_server.log)
    yield watched_server
    assert "action=loop_held" not in watched_server.log[begin:]


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


# As many values as JSON may hold, each of which Python looks at by itself.
MANY_VALUES = b'{"a": [' + b"[]," * 23_000 + b"[]]}" + b" " * 500_000
# More than it may: objects made of them would take a second.
NESTED = b"[[[0]]]," * 100_000
TABLE = f'root = Table([Col("b", [{"1, " * 9_000}]), {"Col(1, []), " * 900}])'


@pytest.mark.live
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", MANY_VALUES),
        ("/api/ag-ui", MANY_VALUES),
        ("/api/chat", MANY_VALUES),
        ("/api/import", json.dumps([{"chat": {"history": {"messages": {
            "a": {"id": "a", "role": "user", "content": '<details type="a">' * 20_000}}}}}]).encode()),
    ],
    ids=["completion", "run", "prompt", "import"],
)  # fmt: skip
def test_a_long_body_does_not_hold_the_loop(
    watched: LiveServer, make_client: Callable[..., Client], path: str, body: bytes
) -> None:
    client = make_client(watched)
    assert (
        client.http.post(path, content=body, headers={"Content-Type": "application/json"}).status_code < 500
    )
    assert client.get("/api/session").status_code == 200


@pytest.mark.live
@pytest.mark.parametrize(
    "values", [NESTED[:480_000], b"[]," * 23_000], ids=["too many", "as many as it may hold"]
)
@pytest.mark.parametrize("kind", ["follow", "stop"])
def test_a_frame_of_many_values_does_not_hold_the_loop(
    watched: LiveServer, make_client: Callable[..., Client], kind: str, values: bytes
) -> None:
    with open_socket(make_client(watched)) as connection:
        connection.sendall(
            frame(b'{"type": "%b", "responseId": "r", "a": [%b0]}' % (kind.encode(), values))
            + frame(b'{"type": "ping"}'.ljust(200))
        )
        receive_until(connection, b'"pong"')
    assert make_client(watched).get("/api/session").status_code == 200


@pytest.mark.live
@pytest.mark.parametrize("begin", [b'data: {"choices":[{"delta":{"x":[', b'{"choices":[{"message":{"x":['])
def test_an_answer_of_a_model_with_too_many_values_does_not_hold_the_loop(
    model: ScriptedModel, watched: LiveServer, make_client: Callable[..., Client], begin: bytes
) -> None:
    model.script(broken(Raw(begin + NESTED * 8 + b"0]}}]}\n\n")))
    client = make_client(watched)
    response = new_id("r")
    client.chat("Hello", response=response)
    assert client.get(f"/api/responses/{response}").json()["status"] == "failed"


LARGE_TEXTS = {"plain": "a" * 15_000_000, "escaped": '"' * 7_500_000, "wide": "\U0001f600" * 3_700_000}
BEGINS = {
    "text": b'data: {"choices":[{"delta":{"content":%b}}]}\n\n',
    "thought": b'data: {"choices":[{"delta":{"reasoning_content":%b}}]}\n\n',
    "field": b'data: {"choices":[{"delta":{"content":"a","x":%b}}]}\n\n',
    "call": b'data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"t","arguments":%b}}]}}]}\n\n',
    "error": b'data: {"error":{"message":%b}}\n\n',
    "broken": b'data: {"choices":[{"delta":{"content":%b}}\n\n',
    "cut off": b'data: {"choices":[{"delta":{"content":%b}}]}',
    "whole": b'{"choices":[{"message":{"content":%b}}]}',
    "page": b"<p>%b",
}


@pytest.mark.live
@pytest.mark.parametrize("words", LARGE_TEXTS.values(), ids=LARGE_TEXTS)
def test_a_large_text_of_a_model_does_not_hold_the_loop(
    model: ScriptedModel, watched: LiveServer, make_client: Callable[..., Client], words: str
) -> None:
    client, text = make_client(watched), json.dumps(words, ensure_ascii=False).encode()
    for begin in BEGINS.values():
        model.script(broken(Raw(begin % text)))
        client.chat("Hello")
        assert client.get("/api/session").status_code == 200


@pytest.mark.live
def test_an_export_of_large_interfaces_does_not_hold_the_loop(
    model: ScriptedModel, watched: LiveServer, make_client: Callable[..., Client]
) -> None:
    model.script(answer(version_2(TABLE)))
    client = make_client(watched)
    client.chat("A table", thread="t")
    exported = client.get("/api/threads/t/export", format="markdown")
    assert exported.text.count("|") < 200_000
