"""HEAD is answered by a head alone: whatever followed it would be read as the next response of the connection."""

from __future__ import annotations

import http.client

import pytest

from chat.testing import ScriptedModel
from tests.live.client import SECONDS, Client
from tests.live.harness import LiveServer

PATHS = (
    "/api/export",
    "/api/threads/t/export",
    "/api/threads/t/export?format=markdown",
    "/api/threads",
    "/api/threads/t",
    "/api/threads/t/messages",
    "/api/responses/r",
    "/api/responses/r/stream",
    "/api/responses/r/stream?format=sse",
    "/v1/streams/r",
    "/v1/streams/r?offset=0&live=sse",
    "/api/session",
    "/api/nothing",
    "/healthz",
    "/",
    "/login/",
)


@pytest.mark.parametrize("path", PATHS)
def test_what_follows_a_head_on_its_connection_is_the_next_response(
    model: ScriptedModel, server: LiveServer, alice: Client, path: str
) -> None:
    assert alice.chat("Hello", thread="t", response="r").status_code == 200
    host, port = server.listener.getsockname()
    connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
    for method, asked in (("HEAD", path), ("GET", "/healthz")):
        connection.request(method, asked, headers=alice.headers)
        answer = connection.getresponse()
        body = answer.read()
    connection.close()
    assert (answer.status, body) == (200, b'{"status":"ok"}')
