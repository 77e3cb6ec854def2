"""The ways in which clients of HTTP/1.1 speak, over a real socket."""

from __future__ import annotations

import contextlib
import hashlib
import resource
import select
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.harness import END_SECONDS, eventually
from tests.live.probe import ProbeServer, rest_of, until

BODY = b"some words"
ECHOED = f"{len(BODY)} {hashlib.sha256(BODY).hexdigest()}".encode()
HEAD = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n"
WHOLE = HEAD + b"\r\n" + BODY
CHUNKED = (
    b"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\na\r\n" + BODY + b"\r\n0\r\n\r\n"
)
CLOSING = HEAD + b"Connection: close\r\n\r\n" + BODY
HANDSHAKE = (
    b"GET /ws/mirror HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
# As Java's and curl's clients offer HTTP/2.
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"


@pytest.fixture
def client(probe: ProbeServer) -> Iterator[socket.socket]:
    with probe.open() as opened:
        yield opened


WAYS = {
    "one after the other": [WHOLE] * 3,
    "in one write": [WHOLE * 20],
    "with an empty line between": [WHOLE + b"\r\n" + WHOLE],
    "byte by byte": [WHOLE[i : i + 1] for i in range(len(WHOLE))],
    "with an offer of HTTP/2": [HEAD + OFFER + b"\r\n" + BODY, WHOLE],
    "in chunks": [CHUNKED, CHUNKED],
    "to an absolute target": [WHOLE.replace(b"/echo", b"http://x/echo")],
    "with a method in small letters": [WHOLE.replace(b"POST", b"post"), WHOLE],
}


@pytest.mark.parametrize("way", WAYS)
def test_every_request_is_answered_in_order(client: socket.socket, way: str) -> None:
    sent, answered = b"", 0
    for data in WAYS[way]:
        client.sendall(data)
        sent += data
        for _ in range(sent.count(BODY) - answered):
            until(client, ECHOED + b"\r\n0\r\n\r\n")
            answered += 1
    client.sendall(CLOSING)
    assert rest_of(client).endswith(ECHOED + b"\r\n0\r\n\r\n")


def test_a_client_that_waits_for_it_is_told_to_go_on(client: socket.socket) -> None:
    client.sendall(HEAD + b"Expect: 100-continue\r\n\r\n")
    assert until(client, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(BODY)
    until(client, ECHOED)


def test_a_client_with_a_body_that_is_too_large_is_not(client: socket.socket) -> None:
    client.sendall(HEAD.replace(b"10", b"9999999") + b"Expect: 100-continue\r\n\r\n")
    assert rest_of(client).startswith(b"HTTP/1.1 413 ")


def test_an_older_client_gets_its_answer_without_chunks_and_the_end(client: socket.socket) -> None:
    client.sendall(WHOLE.replace(b"HTTP/1.1", b"HTTP/1.0"))
    answer = rest_of(client)
    assert answer.startswith(b"HTTP/1.0 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\n" + ECHOED)


def test_requests_behind_a_body_in_chunks_are_answered_or_their_client_is_told_of_the_end(
    client: socket.socket,
) -> None:
    client.sendall(CHUNKED + WHOLE)
    answer = rest_of(client)
    assert answer.count(ECHOED) == 1
    assert b"\r\nConnection: close\r\n" in answer


def test_a_client_that_sends_its_end_behind_its_request_gets_no_more_answers(probe: ProbeServer) -> None:
    with probe.open() as client:
        client.sendall(b"GET /large/half HTTP/1.1\r\nHost: x\r\n\r\n")
        assert client.recv(1000)
        client.shutdown(socket.SHUT_WR)
        rest_of(client)
    eventually(lambda: probe.said("left half"))


def test_a_reader_that_takes_nothing_is_reset_and_the_kernel_keeps_nothing_for_it(probe: ProbeServer) -> None:
    with probe.unread("/large/kept") as client:
        poll = select.poll()
        poll.register(client, select.POLLHUP)
        assert poll.poll(1000 * END_SECONDS) == [(client.fileno(), select.POLLHUP | select.POLLERR)]


@contextlib.contextmanager
def no_descriptor_left(probe: ProbeServer) -> Iterator[None]:
    """Let the server open nothing more within the block."""
    pid, kind = probe.process.pid, resource.RLIMIT_NOFILE
    _, hard = before = resource.prlimit(pid, kind)
    highest = max(int(entry.name) for entry in Path(f"/proc/{pid}/fd").iterdir())
    resource.prlimit(pid, kind, (highest + 1, hard))
    fillers = [probe.open() for _ in range(highest + 1)]  # some are not accepted
    try:
        eventually(lambda: probe.descriptors() == highest + 1)
        yield
    finally:
        resource.prlimit(pid, kind, before)
        for filler in fillers:
            filler.close()


def test_a_server_without_a_descriptor_refuses_handshakes_and_resets_stalled_readers() -> None:
    made = ProbeServer(subprocess.DEVNULL)
    try:
        made.state()
        with made.open() as client, made.unread("/large/stalled") as stalled:
            eventually(lambda: made.state()["sent"].get("stalled"))
            with no_descriptor_left(made):
                client.sendall(HANDSHAKE)
                assert rest_of(client).startswith(b"HTTP/1.1 503 ")
                poll = select.poll()
                poll.register(stalled, select.POLLHUP)
                assert poll.poll(1000 * END_SECONDS)
        eventually(lambda: made.said("left stalled"))
    finally:
        made.process.kill()
        made.process.communicate()


def test_both_protocols_are_served_over_ipv6() -> None:
    try:
        made = ProbeServer(host="::1")
    except OSError as problem:
        pytest.skip(f"this machine has no IPv6: {problem}")
    try:
        assert made.said("started")
        with made.websocket("mirror") as client:
            client.send("here")
            assert client.recv(timeout=END_SECONDS) == "here"
    finally:
        made.process.kill()
        _, errors = made.process.communicate()
    assert errors == ""
