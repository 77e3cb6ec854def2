"""The memory of an HTTP request whose response is being streamed."""

from __future__ import annotations

import gc
import socket
from collections.abc import Mapping
from typing import Any

from chatproject.server import loop
from chatproject.server.http import HttpConnection
from chatproject.server.request import Request
from chatproject.server.server import DaphneServer

PROMPT = b'POST /api/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 1002\r\n\r\n"' + b"p" * 1000 + b'"'
HEAD = {"type": "http.response.start", "status": 200, "headers": [(b"Cache-Control", b"no-cache")]}
CHUNK = {"type": "http.response.body", "body": b"word", "more_body": True}


async def _application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    scope["headers"] = []
    body: Mapping[str, Any] = await receive()
    assert len(body["body"]) == 1002
    del body
    await send(HEAD)
    await send(CHUNK)
    await receive()


async def _held_by_an_open_stream() -> list[object]:
    server = DaphneServer(_application, [], reader_seconds=1.0)
    ours, theirs = socket.socketpair()
    with theirs:
        connection = HttpConnection(server, ("x", 1), ours.fileno())
        await loop.connect_accepted_socket(lambda: connection, ours)
        theirs.setblocking(False)
        await loop.sock_sendall(theirs, PROMPT)
        answer = b""
        while b"word" not in answer:
            answer += await loop.sock_recv(theirs, 1000)
        (exchange,) = server.exchanges
        held = [exchange, exchange.task, *gc.get_referents(exchange)]
        connection.transport.abort()
        await exchange.task
    return held


def test_an_open_request_keeps_neither_its_body_nor_its_parser() -> None:
    held = loop.run_until_complete(_held_by_an_open_stream())
    assert not hasattr(held[0], "__dict__")
    assert not [one for one in held if isinstance(one, Request)]
    assert not [one for one in held if isinstance(one, bytes) and len(one) > 100]
    assert not any(one for one in held if isinstance(one, list))
