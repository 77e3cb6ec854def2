"""The server as a process on a real socket: what clients can make it hold, and how it goes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse, IncompleteRead
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.live.harness import ROOT, eventually
from tests.live.probe_app import FLOOD, LARGE, PIECE

MIB = 1024 * 1024
READER_SECONDS = 1.0  # a tenth of a second is lost on a busy machine, a second is not
REQUEST_SECONDS = 1.5
BODY_BYTES = 2 * MIB
KERNEL_BYTES = 64 * 1024  # the kernel's buffers hold little here, so that the process must wait
STANDSTILL_SECONDS = 0.3  # a socket that takes nothing for so long is full


class Probe:
    """A server process with the probe application."""

    def __init__(self) -> None:
        with socket.socket() as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BYTES)
            listener.bind(("127.0.0.1", 0))
            listener.listen(1024)
            self.host, self.port = listener.getsockname()
            self.process = self._start(listener.fileno())

    def _start(self, fd: int) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "chatproject.server", "--fd", str(fd), "--exit-with-parent"]
        command += ["--application", "tests.live.probe_app:application", "--body-bytes", str(BODY_BYTES)]
        command += ["--reader-seconds", str(READER_SECONDS), "--request-seconds", str(REQUEST_SECONDS)]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, pass_fds=[fd], text=True
        )

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> HTTPResponse:
        """One exchange on a connection of its own; the body is yet to be read, and the answer to be closed."""
        connection = HTTPConnection(self.host, self.port, timeout=10)
        connection.request(method, path, body, {"Connection": "close", **headers})
        return connection.getresponse()

    def get(self, path: str) -> bytes:
        with self.ask("GET", path) as answer:
            return answer.read()

    def state(self) -> Any:
        return json.loads(self.get("/state"))

    def said(self, what: str) -> bool:
        return what in self.state()["said"]

    def open(self) -> socket.socket:
        """A connection of which the kernel keeps little."""
        client = socket.socket()
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            client.setsockopt(socket.SOL_SOCKET, option, KERNEL_BYTES // 4)
        client.settimeout(10)
        client.connect((self.host, self.port))
        return client

    def unread(self, path: str) -> socket.socket:
        """A client that asks for `path` and reads nothing."""
        client = self.open()
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return client

    def websocket(self, name: str, **options: Any) -> ClientConnection:
        client: ClientConnection = connect(f"ws://x/ws/{name}", sock=self.open(), proxy=None, **options)
        return client

    def memory(self) -> int:
        """Resident bytes of the process."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * 4096

    def end(self) -> tuple[str, str]:
        """What the process printed, once it has ended: standard output and errors."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.communicate(timeout=8)
        self.process.kill()
        raise AssertionError("the server did not end")


@pytest.fixture(scope="module")
def probe() -> Iterator[Probe]:
    """The server that tests share."""
    made = Probe()
    yield made
    made.process.kill()
    made.process.communicate()


@pytest.fixture
def own_probe() -> Iterator[Probe]:
    """A server for one test, which may end it."""
    made = Probe()
    made.state()
    yield made
    made.process.kill()
    made.process.communicate()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def rest_of(client: socket.socket) -> bytes:
    """What comes until the server closes or resets the connection."""
    data = b""
    with client, contextlib.suppress(ConnectionError):
        while piece := client.recv(65536):
            data += piece
    return data


def until(client: socket.socket, ending: bytes) -> bytes:
    """What comes up to `ending`."""
    data = b""
    while not data.endswith(ending):
        piece = client.recv(1)
        assert piece, f"the server closed after {data!r}"
        data += piece
    return data


def close_code(client: ClientConnection) -> int:
    """The code with which the server closes, after whatever else it sends."""
    try:
        while True:
            client.recv(timeout=10)
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0


def standstill(client: socket.socket, data: memoryview) -> int:
    """Send until the kernel takes no more; the number of bytes that it took."""
    at = 0
    while at < len(data) and select.select([], [client], [], STANDSTILL_SECONDS)[1]:
        at += client.send(data[at : at + 65536])
    return at


def frame(text: bytes) -> bytes:
    """A text frame of 126 to 65,535 bytes with the mask that changes nothing."""
    return b"\x81\xfe" + len(text).to_bytes(2) + bytes(4) + text


def test_a_fast_reader_gets_every_byte(probe: Probe) -> None:
    assert digest(probe.get("/large/fast")) == digest(PIECE * (LARGE // len(PIECE)))


def test_a_reader_that_reads_nothing_makes_the_sender_wait_and_not_the_memory_grow(probe: Probe) -> None:
    before = probe.memory()
    with probe.unread("/large/unread"):
        assert len(probe.get("/large/beside")) == LARGE
        assert probe.state()["sent"]["unread"] < 4 * MIB
        assert probe.memory() - before < 20 * MIB


def test_a_websocket_that_reads_nothing_makes_the_sender_wait_and_not_the_memory_grow(probe: Probe) -> None:
    before = probe.memory()
    with probe.websocket("talk", max_queue=1) as client:
        assert len(probe.get("/large/beside")) == LARGE
        assert probe.state()["sent"]["talk"] < 4 * MIB
        assert probe.memory() - before < 20 * MIB
        client.socket.shutdown(socket.SHUT_RDWR)
    eventually(lambda: probe.said("talked"))


def test_a_reader_that_takes_nothing_is_cut(probe: Probe) -> None:
    with probe.unread("/large/dead") as client:
        eventually(lambda: probe.said("left dead"))
        assert len(rest_of(client)) < LARGE


def test_a_reader_that_takes_little_is_not_cut(probe: Probe) -> None:
    ends = time.monotonic() + 2 * READER_SECONDS
    with probe.unread("/large/slow") as client:
        while time.monotonic() < ends:
            assert client.recv(1024)
            select.select([], [], [], 0.02)
        assert not probe.said("left slow")


def test_a_reader_that_leaves_frees_the_sender_that_waits_for_it(probe: Probe) -> None:
    with probe.unread("/large/leaver"):
        eventually(lambda: probe.state()["sent"].get("leaver"))
    eventually(lambda: probe.said("left leaver"))


def test_a_body_up_to_the_cap_arrives_whole(probe: Probe) -> None:
    body = PIECE * (BODY_BYTES // len(PIECE))
    for sent in (body, iter([body[:1000], body[1000:]])):
        with probe.ask("POST", "/echo", sent) as answer:
            assert answer.read().decode() == f"{BODY_BYTES} {digest(body)}"


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_a_body_beyond_the_cap_is_refused_and_not_held(probe: Probe, chunked: bool) -> None:
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
def test_a_bad_length_gets_a_problem_document_before_the_body(probe: Probe, length: str) -> None:
    with probe.open() as client:
        client.sendall(f"POST /echo HTTP/1.1\r\nContent-Length: {length}\r\n\r\n".encode())
        answer = rest_of(client)
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 "))
    assert json.loads(answer.split(b"\r\n\r\n")[1])["code"] in {"bad_request", "too_large"}


def test_a_request_that_trickles_in_is_cut(probe: Probe) -> None:
    gives_up = time.monotonic() + REQUEST_SECONDS + 5
    with probe.open() as client:
        client.sendall(b"GET /state HTTP/1.1\r\n")
        while not select.select([client], [], [], 0.1)[0]:
            assert time.monotonic() < gives_up
            client.sendall(b"X: y\r\n")
        assert rest_of(client) == b""


@pytest.mark.parametrize("path", ["/fail-late", "/forget"])
def test_an_answer_without_its_end_is_cut_and_does_not_hang(probe: Probe, path: str) -> None:
    with pytest.raises(IncompleteRead) as caught:
        probe.get(path)
    assert caught.value.partial == b"half"
    assert probe.said("started")


def test_an_application_that_fails_at_once_gets_a_problem_document(probe: Probe) -> None:
    with probe.ask("GET", "/fail-early") as answer:
        assert (answer.status, json.loads(answer.read())["status"]) == (500, 500)


def test_a_busy_consumer_holds_few_frames_and_gets_all_of_them_in_order(probe: Probe) -> None:
    flood = memoryview(b"".join(frame(str(number).encode().ljust(1024)) for number in range(FLOOD)))
    with probe.websocket("busy") as client:
        before = probe.memory()
        taken = standstill(client.socket, flood)
        assert taken < len(flood) / 2
        assert probe.memory() - before < 4 * MIB
        probe.get("/release")
        client.socket.sendall(flood[taken:])
        assert client.recv(timeout=10) == "in order"


def test_of_many_frames_that_came_at_once_few_wait_and_all_come_back(probe: Probe) -> None:
    with probe.websocket("queue") as client:
        client.socket.sendall(b"".join(b"\x81\x83" + bytes(4) + b"%03d" % number for number in range(300)))
        assert client.recv(timeout=10) == "64 wait"
        assert [client.recv(timeout=10) for _ in range(300)] == [f"{number:03}" for number in range(300)]


def test_what_comes_before_the_handshake_is_accepted_waits(probe: Probe) -> None:
    head = "GET /ws/late HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    head += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    with probe.open() as client:
        client.sendall(head.encode())
        eventually(lambda: probe.said("knocked"))
        client.sendall(b"\x81\x84" + bytes(4) + b"\r\n\r\n")
        probe.get("/open")
        assert until(client, b"\x81\x04\r\n\r\n").startswith(b"HTTP/1.1 101 ")


def test_a_frame_beyond_the_cap_closes_with_1009(probe: Probe) -> None:
    with probe.websocket("mirror", max_size=None) as client:
        client.send("x" * MIB)
        assert len(client.recv(timeout=10)) == MIB
        client.send("x" * (MIB + 1))
        assert close_code(client) == 1009


def test_a_message_in_crumbs_closes_with_1009(probe: Probe) -> None:
    with probe.websocket("mirror") as client:
        client.socket.sendall(b"\x01\x81" + bytes(4) + b"x" + (b"\x00\x81" + bytes(4) + b"x") * 2000)
        assert close_code(client) == 1009


def test_a_client_that_pings_and_never_reads_fills_no_memory(probe: Probe) -> None:
    pings = memoryview((b"\x89\xfd" + bytes(4) + b"x" * 125) * (10 * MIB // 131))
    with probe.websocket("talk", max_queue=1) as client:
        before = probe.memory()
        standstill(client.socket, pings)
        assert probe.memory() - before < 4 * MIB
        client.socket.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(("name", "status"), [("refuse", 403), ("fail", 500)])
def test_a_refused_handshake_has_a_status(probe: Probe, name: str, status: int) -> None:
    with pytest.raises(InvalidStatus) as caught:
        probe.websocket(name)
    assert caught.value.response.status_code == status


def test_sigterm_lets_the_application_finish_and_brings_the_end_to_readers(own_probe: Probe) -> None:
    with own_probe.ask("GET", "/until-the-end") as answer, own_probe.websocket("mirror") as websocket:
        assert answer.read(6) == b"begin "
        own_probe.process.send_signal(signal.SIGTERM)
        assert answer.read() == PIECE * 8 + b" end"
        assert close_code(websocket) == 1012
    assert own_probe.end() == ("shut down\n", "")
    assert own_probe.process.returncode == 0


def test_the_end_of_the_parent_is_the_end_of_the_server(own_probe: Probe) -> None:
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
