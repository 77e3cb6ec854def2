"""The server as a process on a real socket: bounds on memory, and its end."""

from __future__ import annotations

import contextlib
import hashlib
import json
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection, IncompleteRead

import pytest
from websockets.exceptions import InvalidStatus

from tests.live.harness import END_SECONDS, eventually
from tests.live.probe import (
    BODY_BYTES,
    MIB,
    READER_SECONDS,
    ProbeServer,
    close_code,
    frame,
    rest_of,
    standstill,
    until,
)
from tests.live.probe_app import AT_ONCE, FLOOD, LARGE, PIECE

# The place of the received segments with data in Linux' `struct tcp_info`.
DATA_SEGMENTS_AT = 152


@pytest.fixture
def own_probe() -> Iterator[ProbeServer]:
    """Provide a server for one test, which may end it."""
    made = ProbeServer()
    made.state()
    yield made
    made.process.kill()
    made.process.communicate()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


ways = pytest.mark.parametrize("way", ["", AT_ONCE], ids=["by events", "at once"])


@ways
def test_a_fast_reader_gets_every_byte(probe: ProbeServer, way: str) -> None:
    assert digest(probe.get(f"/large/{way}fast")) == digest(PIECE * (LARGE // len(PIECE)))


@ways
def test_a_reader_that_reads_nothing_makes_the_sender_wait_and_not_the_memory_grow(
    probe: ProbeServer, way: str
) -> None:
    before = probe.memory()
    with probe.unread(f"/large/{way}unread"):
        assert len(probe.get("/large/beside")) == LARGE
        assert probe.state()["sent"][f"{way}unread"] < 4 * MIB
        assert probe.memory() - before < 20 * MIB


def test_a_websocket_that_reads_nothing_makes_the_sender_wait_and_not_the_memory_grow(
    probe: ProbeServer,
) -> None:
    before = probe.memory()
    with probe.websocket("talk", max_queue=1) as client:
        assert len(probe.get("/large/beside")) == LARGE
        assert probe.state()["sent"]["talk"] < 4 * MIB
        assert probe.memory() - before < 20 * MIB
        with contextlib.suppress(OSError):  # the server has cut it where this lasted
            client.socket.shutdown(socket.SHUT_RDWR)
    eventually(lambda: probe.said("talked"))


def test_a_head_does_not_wait_for_its_body(probe: ProbeServer) -> None:
    with probe.ask("GET", "/begin") as answer:
        probe.get("/go-on")
        assert answer.read() == b"whole"


@ways
def test_a_reader_that_takes_nothing_is_cut(probe: ProbeServer, way: str) -> None:
    with probe.unread(f"/large/{way}dead") as client:
        eventually(lambda: probe.said(f"left {way}dead"))
        assert len(rest_of(client)) < LARGE


def test_a_reader_that_takes_little_is_not_cut(probe: ProbeServer) -> None:
    ends = time.monotonic() + 2 * READER_SECONDS
    with probe.unread("/large/slow") as client:
        while time.monotonic() < ends:
            assert client.recv(1024)
            select.select([], [], [], 0.02)
        assert not probe.said("left slow")


@ways
def test_a_reader_that_leaves_frees_the_sender_that_waits_for_it(probe: ProbeServer, way: str) -> None:
    with probe.unread(f"/large/{way}leaver"):
        eventually(lambda: probe.state()["sent"].get(f"{way}leaver"))
    eventually(lambda: probe.said(f"left {way}leaver"))


def test_a_body_up_to_the_cap_arrives_whole(probe: ProbeServer) -> None:
    body = PIECE * (BODY_BYTES // len(PIECE))
    for sent in (body, iter([body[:1000], body[1000:]])):
        with probe.ask("POST", "/echo", sent) as answer:
            assert answer.read().decode() == f"{BODY_BYTES} {digest(body)}"


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_a_body_beyond_the_cap_is_refused_and_not_held(probe: ProbeServer, chunked: bool) -> None:
    probe.get("/state")  # it may still be starting
    before, pieces = probe.memory(), iter([PIECE] * (LARGE // len(PIECE)))
    headers = {} if chunked else {"Content-Length": str(LARGE)}
    with probe.ask("POST", "/large/refused", pieces, **headers) as answer:
        problem = json.loads(answer.read())
    assert (answer.status, problem["status"], problem["code"]) == (413, 413, "too_large")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert probe.memory() - before < 20 * MIB
    assert "refused" not in probe.state()["sent"]


@pytest.mark.parametrize(
    "length", ["-1", "x", "9" * 9, "9" * 5000], ids=["negative", "no number", "large", "endless"]
)
def test_a_bad_length_gets_a_problem_document_before_the_body(probe: ProbeServer, length: str) -> None:
    with probe.open() as client:
        client.sendall(f"POST /echo HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode())
        answer = rest_of(client)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 "))
    assert json.loads(answer.split(b"\r\n\r\n")[1])["code"] in {"bad_request", "too_large"}


def test_a_request_that_trickles_in_is_cut(probe: ProbeServer) -> None:
    gives_up = time.monotonic() + END_SECONDS
    with probe.open() as client:
        client.sendall(b"GET /state HTTP/1.1\r\n")
        while not select.select([client], [], [], 0.1)[0]:
            assert time.monotonic() < gives_up
            client.sendall(b"X: y\r\n")
        assert rest_of(client) == b""


@pytest.mark.parametrize("path", ["/fail-late", "/cancel", "/forget"])
def test_an_answer_without_its_end_is_cut_and_does_not_hang(probe: ProbeServer, path: str) -> None:
    with pytest.raises(IncompleteRead) as caught:
        probe.get(path)
    assert caught.value.partial == b"half"
    assert probe.said("started")


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("HEAD", 404), ("GET", 204), ("GET", 304)])
def test_an_answer_without_a_body_leaves_the_connection_to_the_next_one(
    probe: ProbeServer, method: str, status: int
) -> None:
    with contextlib.closing(HTTPConnection(probe.host, probe.port, timeout=END_SECONDS)) as connection:
        connection.request(method, f"/pieces/{status}")
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (status, b"")
        connection.request("GET", "/state")
        assert b"said" in connection.getresponse().read()


@pytest.mark.parametrize("path", ["/fail-early", "/split-header"])
def test_an_application_that_fails_at_once_gets_a_problem_document(probe: ProbeServer, path: str) -> None:
    with probe.ask("GET", path) as answer:
        assert (answer.status, json.loads(answer.read())["status"]) == (500, 500)
        assert answer.headers["Set-Cookie"] is None


@pytest.mark.skipif(not hasattr(socket, "TCP_INFO"), reason="the kernel does not count segments")
def test_a_head_comes_in_one_segment_with_the_first_bytes_of_its_body(probe: ProbeServer) -> None:
    with probe.open() as client:
        client.sendall(b"GET /state HTTP/1.1\r\nHost: x\r\n\r\n")
        until(client, b"0\r\n\r\n")
        facts = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, DATA_SEGMENTS_AT + 4)
        assert int.from_bytes(facts[DATA_SEGMENTS_AT:], sys.byteorder) == 1


def test_a_busy_consumer_holds_few_frames_and_gets_all_of_them_in_order(probe: ProbeServer) -> None:
    flood = memoryview(b"".join(frame(str(number).encode().ljust(1024)) for number in range(FLOOD)))
    with probe.websocket("busy") as client:
        before = probe.memory()
        taken = standstill(client.socket, flood)
        assert taken < len(flood) / 2
        assert probe.memory() - before < 4 * MIB
        probe.get("/release")
        client.socket.sendall(flood[taken:])
        assert client.recv(timeout=END_SECONDS) == "in order"


def test_of_many_frames_that_came_at_once_few_wait_and_all_come_back(probe: ProbeServer) -> None:
    with probe.websocket("queue") as client:
        client.socket.sendall(b"".join(b"\x81\x83" + bytes(4) + b"%03d" % number for number in range(300)))
        assert client.recv(timeout=END_SECONDS) == "64 wait"
        assert [client.recv(timeout=END_SECONDS) for _ in range(300)] == [
            f"{number:03}" for number in range(300)
        ]


def test_data_before_the_handshake_is_accepted_waits(probe: ProbeServer) -> None:
    head = "GET /ws/late HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    head += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    with probe.open() as client:
        client.sendall(head.encode())
        eventually(lambda: probe.said("knocked"))
        client.sendall(b"\x81\x84" + bytes(4) + b"\r\n\r\n")
        probe.get("/open")
        assert until(client, b"\x81\x04\r\n\r\n").startswith(b"HTTP/1.1 101 ")


def test_a_frame_beyond_the_cap_closes_with_1009(probe: ProbeServer) -> None:
    with probe.websocket("mirror", max_size=None) as client:
        client.send("x" * MIB)
        assert len(client.recv(timeout=END_SECONDS)) == MIB
        client.send("x" * (MIB + 1))
        assert close_code(client) == 1009


def test_text_and_bytes_of_any_size_are_sent(probe: ProbeServer) -> None:
    with probe.websocket("outgoing", max_size=None) as client:
        assert client.recv(timeout=END_SECONDS) == "x" * 2 * MIB
        assert client.recv(timeout=END_SECONDS) == PIECE


def test_a_message_of_too_many_frames_closes_with_1009(probe: ProbeServer) -> None:
    with probe.websocket("mirror") as client:
        client.socket.sendall(b"\x01\x81" + bytes(4) + b"x" + (b"\x00\x81" + bytes(4) + b"x") * 2000)
        assert close_code(client) == 1009


def test_a_client_that_pings_and_never_reads_fills_no_memory(probe: ProbeServer) -> None:
    pings = memoryview((b"\x89\xfd" + bytes(4) + b"x" * 125) * (10 * MIB // 131))
    with probe.websocket("talk", max_queue=1) as client:
        before = probe.memory()
        with contextlib.suppress(ConnectionError):  # cut, as one that takes nothing, where this lasts
            standstill(client.socket, pings)
        assert probe.memory() - before < 4 * MIB
        with contextlib.suppress(OSError):
            client.socket.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("origin", ["null", "https://elsewhere.example"])
def test_origins_are_left_to_the_application(probe: ProbeServer, origin: str) -> None:
    with probe.websocket("mirror", additional_headers={"Origin": origin}) as client:
        client.send("here")
        assert client.recv(timeout=END_SECONDS) == "here"


@pytest.mark.parametrize("origin", ["x", ""])
def test_an_origin_that_is_none_is_refused_as_a_foreign_one(probe: ProbeServer, origin: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        probe.websocket("mirror", additional_headers={"Origin": origin})
    assert caught.value.response.status_code == 403


@pytest.mark.parametrize(("name", "status"), [("refuse", 403), ("fail", 500)])
def test_a_refused_handshake_has_a_status(probe: ProbeServer, name: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as caught:
        probe.websocket(name)
    assert caught.value.response.status_code == status


def test_sigterm_lets_the_application_finish_and_brings_the_end_to_readers(own_probe: ProbeServer) -> None:
    with own_probe.ask("GET", "/until-the-end") as answer, own_probe.websocket("mirror") as websocket:
        assert answer.read(6) == b"begin "
        own_probe.process.send_signal(signal.SIGTERM)
        assert answer.read() == PIECE * 512 + b" end"
        assert close_code(websocket) == 1012
    assert own_probe.end() == ("shut down\n", "")
    assert own_probe.process.returncode == 0


def test_the_server_stops_with_its_parent(own_probe: ProbeServer) -> None:
    assert own_probe.said("started")
    with own_probe.ask("GET", "/fail-late") as answer:
        assert answer.status == 200
    assert own_probe.process.stdin is not None
    own_probe.process.stdin.close()
    own_probe.process.stdin = None
    printed, errors = own_probe.end()
    assert (printed, own_probe.process.returncode) == ("shut down\n", 0)
    assert "RuntimeError" in errors
    assert "secret" not in errors.replace('raise RuntimeError("the secret of the prompt")', "")
