"""Heads of requests in forms that few clients send, and that the standard of HTTP/1.1 allows."""

from __future__ import annotations

import socket

import pytest

from tests.live.client import SECONDS, Client
from tests.live.harness import LiveServer


def exchange(
    server: LiveServer, target: str, *lines: str, method: str = "GET", host: str = "localhost"
) -> bytes:
    """Return all bytes of the answer to a request for a target."""
    head = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close", *lines]
    with socket.create_connection(server.listener.getsockname(), SECONDS) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode("latin-1"))
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("target", "host", "expected"),
    [
        ("http://localhost/healthz", "localhost", 200),
        ("HTTPS://LOCALHOST:8000/login/", "localhost", 200),
        ("http://localhost", "elsewhere.test", 200),
        ("http://localhost?limit=1", "localhost", 200),
        ("http://localhost/s/nothing?q=http://h/", "localhost", 404),
        ("http://elsewhere.test/login/", "localhost", 400),
        ("http:///login/", "localhost", 404),
    ],
)
def test_the_absolute_form_of_a_target_is_read_and_its_host_counts(
    server: LiveServer, target: str, host: str, expected: int
) -> None:
    assert status(exchange(server, target, host=host)) == expected


def test_a_query_of_an_absolute_target_is_read(server: LiveServer, alice: Client) -> None:
    token = f"Authorization: {alice.headers['Authorization']}"
    assert status(exchange(server, "http://localhost/api/threads?limit=1", token)) == 200
    assert status(exchange(server, "http://localhost/api/threads?limit=none", token)) == 400


@pytest.mark.parametrize("prefix", ["//elsewhere.test", "/prefix", "\xff"])
def test_a_client_chooses_no_prefix_of_paths(server: LiveServer, prefix: str) -> None:
    answer = exchange(server, "/settings/", f"Daphne-Root-Path: {prefix}")
    assert b"\r\nLocation: /login/?next=/settings/\r\n" in answer


def test_a_method_in_small_letters_is_read_by_all_parts_alike(server: LiveServer) -> None:
    head, _, body = exchange(server, "/healthz", method="head").partition(b"\r\n\r\n")
    assert (status(head), body) == (200, b"")
