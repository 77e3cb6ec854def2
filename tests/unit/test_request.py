"""HTTP requests as they arrive: whole, in pieces, one behind the other, and such as are refused."""

from __future__ import annotations

import pytest

from chatproject.server.request import HEAD_BYTES, HEAD_LINES, MEMORY_BYTES, RefusedRequest, Request

GET = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"
CHUNKED = b"POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\nLate: x\r\n\r\n"
# As Java's client offers HTTP/2.
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n"

WHOLE = {
    "without a body": (GET, b"GET", b""),
    "with a body": (POST, b"POST", b"body"),
    "in chunks, with a trailer": (CHUNKED, b"POST", b"body"),
    "with an empty line ahead": (b"\r\n" + GET, b"GET", b""),
    "with a method in small letters": (b"patch" + POST[4:], b"PATCH", b"body"),
    "with a method of nobody's": (b"BREW" + POST[4:], b"BREW", b"body"),
    "with an offer of HTTP/2": (GET[:-2] + OFFER + b"\r\n", b"GET", b""),
    "with an offer of HTTP/2 and a body": (POST[:18] + OFFER + POST[18:], b"POST", b"body"),
    "by an absolute target": (b"GET http://x/a HTTP/1.1\r\nHost: y\r\n\r\n", b"GET", b""),
    "of HTTP/1.0": (b"GET /a HTTP/1.0\r\n\r\n", b"GET", b""),
    "with a body as large as may be": (
        b"POST /a HTTP/1.1\r\nContent-Length: 300000\r\n\r\n" + bytes(300_000),
        b"POST",
        bytes(300_000),
    ),
}
LIMIT = 300_000


@pytest.mark.parametrize("name", WHOLE)
def test_a_request_is_the_same_however_it_is_cut(name: str) -> None:
    data, method, body = WHOLE[name]
    cuts = range(1, len(data)) if len(data) < 1000 else (1, 60, MEMORY_BYTES, len(data) - 1)
    for cut in cuts:
        request = Request(LIMIT)
        assert request.feed(data[:cut]) is None
        assert request.feed(data[cut:]) == b""
        found = request.method, request.path, request.body()
        assert found == (method, b"/a", body)
        assert b"late" not in dict(request.headers)


def test_a_request_in_single_bytes_is_the_same() -> None:
    for data, method, body in (
        WHOLE["in chunks, with a trailer"],
        WHOLE["with an offer of HTTP/2 and a body"],
    ):
        request = Request(LIMIT)
        assert [request.feed(data[i : i + 1]) for i in range(len(data))] == [None] * (len(data) - 1) + [b""]
        assert (request.method, request.body()) == (method, body)


def test_what_comes_behind_a_request_is_returned() -> None:
    for data, _, _ in (
        WHOLE["without a body"],
        WHOLE["with a body"],
        WHOLE["with an offer of HTTP/2 and a body"],
    ):
        request = Request(LIMIT)
        assert request.feed(data + POST) == POST
        assert request.keeps_alive


def test_a_client_with_requests_behind_chunks_is_told_to_send_them_again() -> None:
    for behind in (GET, POST, CHUNKED, b"no HTTP\r\n\r\n"):
        request = Request(LIMIT)
        assert request.feed(CHUNKED + behind) == b""
        assert (request.body(), len(request.headers)) == (b"body", 1)
        assert not request.keeps_alive
    alone = Request(LIMIT)
    alone.feed(CHUNKED)
    assert alone.keeps_alive


def test_only_clients_of_http_1_1_that_do_not_close_are_kept() -> None:
    kept = {b"HTTP/1.1\r\n": True, b"HTTP/1.1\r\nConnection: close\r\n": False}
    kept |= {b"HTTP/1.0\r\n": False, b"HTTP/1.0\r\nConnection: keep-alive\r\n": False}
    for head, keeps in kept.items():
        request = Request(LIMIT)
        request.feed(b"GET / " + head + b"\r\n")
        assert request.keeps_alive == keeps


def test_names_that_django_could_not_tell_apart_are_left_out() -> None:
    request = Request(LIMIT)
    request.feed(b"GET http://a/b HTTP/1.1\r\nHost: x\r\nX-User: 1\r\nX_User: 2\r\nHOST: y\r\n\r\n")
    assert request.headers == [(b"x-user", b"1"), (b"host", b"a")]


REFUSED = {
    "no HTTP": b"\x16\x03\x01\x02\x00\r\n\r\n",
    "another version": b"GET / HTTP/2.0\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "no target": b"GET  HTTP/1.1\r\n\r\n",
    "a method that is no word": b"G(T / HTTP/1.1\r\n\r\n",
    "letters in the target": "GET /ä HTTP/1.1\r\n\r\n".encode(),
    "two lengths": POST.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n"),
    "a length and chunks": CHUNKED.replace(b"\r\n\r\n", b"\r\nContent-Length: 5\r\n\r\n", 1),
    "another coding than chunks": CHUNKED.replace(b"chunked", b"chunked, gzip"),
    "a length that is none": POST.replace(b": 4", b": 4a"),
    "a length below zero": POST.replace(b": 4", b": -4"),
    "a length of many digits": POST.replace(b": 4", b": " + b"9" * 5000),
    "a space ahead of the colon": GET.replace(b"Host:", b"Host :"),
    "a folded line": GET.replace(b"x\r\n", b"x\r\n y\r\n"),
    "a line's end in a value": GET.replace(b": x", b": x\ry"),
    "a next line in a value": GET.replace(b": x", b": x\x85y"),
    "a zero in a value": GET.replace(b": x", b": x\x00y"),
    "a chunk of no size": CHUNKED.replace(b"2\r\nbo", b"z\r\nbo"),
    "a chunk with a bare line's end": CHUNKED.replace(b"2\r\nbo\r\n", b"2\nbo\n"),
    "a head without end": b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * HEAD_BYTES,
    "a line without end": b"G" * (HEAD_BYTES + 1),
    "many lines": b"GET / HTTP/1.1\r\n" + b"a:b\r\n" * HEAD_LINES + b"\r\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_others_may_read_otherwise_is_refused(name: str) -> None:
    with pytest.raises(RefusedRequest) as refused:
        Request(LIMIT).feed(REFUSED[name])
    assert refused.value.status == 400
    assert b'"bad_request"' in refused.value.body


def test_a_body_beyond_the_limit_is_refused_as_soon_as_that_is_known() -> None:
    for data in (
        b"POST / HTTP/1.1\r\nContent-Length: 300001\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n493e1\r\n" + bytes(LIMIT + 1),
    ):
        request = Request(LIMIT)
        with pytest.raises(RefusedRequest) as refused:
            request.feed(data)
        request.close()
        assert refused.value.status == 413
