"""The memory of an HTTP request whose response is being streamed."""

from __future__ import annotations

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.testing import StringTransport

from chatproject.server.http import Factory
from chatproject.server.server import DaphneServer

PROMPT = b"POST /api/chat HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
HEAD = {"type": "http.response.start", "status": 200, "headers": [(b"Cache-Control", b"no-cache")]}
CHUNK = {"type": "http.response.body", "body": b"word", "more_body": True}

# Attributes that Python 3.11 keeps of an object without a dictionary.
SHARED_ATTRIBUTES = 29


class _Server(DaphneServer):
    """A server whose application is the test."""

    def __init__(self) -> None:
        super().__init__(None, [], reader_seconds=1.0)
        self.connections: dict[Any, Any] = {}

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        return protocol.make_receive_queue()


def _open_request() -> Any:
    """Return a request whose response has begun."""
    address = IPv4Address("TCP", "127.0.0.1", 1)
    protocol: Any = Factory(_Server()).buildProtocol(address)
    protocol.makeConnection(StringTransport(peerAddress=address, hostAddress=address))
    protocol.dataReceived(PROMPT)
    (request,) = protocol.requests
    request.handle_reply(HEAD)
    request.handle_reply(CHUNK)
    return request


def test_an_open_request_needs_no_dictionary_and_keeps_no_body() -> None:
    request = _open_request()
    assert len(vars(request)) <= SHARED_ATTRIBUTES
    assert request.content.closed
