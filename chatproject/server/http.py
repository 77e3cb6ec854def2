"""HTTP connections and requests."""

# mypy: disable-error-code="no-untyped-call,import-untyped,misc"
# ruff: noqa: N802
# Twisted, Autobahn and Daphne are half typed at most, and their names are theirs.

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest
from twisted.protocols.basic import LineReceiver
from twisted.web.http import NO_BODY_CODES, RESPONSES, HTTPChannel
from twisted.web.http_headers import Headers

from chatproject.server import loop
from chatproject.server.flow_control import FlowControl
from chatproject.server.request_target import standardize

# Seconds from a request's first byte to its last, and between two requests: proxies cut idle connections at 60 too.
REQUEST_SECONDS = 60

# Seconds for which a refused client's bytes are discarded: closing at once would reset it and lose the answer.
LINGER_SECONDS = 5

# The paths whose errors have OpenAI's form.
OPENAI_PATHS = b"/v1/"


def problem(
    status: int, code: str, detail: str, path: bytes = b""
) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return headers and body of a problem document for a request that never reaches the application.

    To a path of OpenAI's clients it is an error in their form.
    """
    title, kind = HTTPStatus(status).phrase, b"application/problem+json"
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status}
    body |= {"detail": detail, "code": code}
    if path.startswith(OPENAI_PATHS):
        kind, named = b"application/json", {"type": "invalid_request_error", "param": None, "code": code}
        body = {"error": {"message": detail, **named}}
    data = json.dumps(body).encode()
    return [
        (b"Content-Type", kind),
        (b"Content-Length", b"%d" % len(data)),
        (b"Cache-Control", b"no-store"),
        (b"Content-Security-Policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"X-Content-Type-Options", b"nosniff"),
        (b"Referrer-Policy", b"same-origin"),
    ], data


# Ends a body that came in chunks.
LAST_CHUNK = b"0\r\n\r\n"

# Replaces the headers of a request whose response has begun.
_SENT = Headers()


class ReceiveQueue:
    """The events for a request's application: the body, bounded while it is read, and the disconnect.

    Each open stream holds one, and a queue of asyncio takes 3 KB.
    """

    __slots__ = ("_messages", "_waiter")

    def __init__(self) -> None:
        self._messages: list[dict[str, Any]] = []
        self._waiter: asyncio.Future[None] | None = None

    def put_nowait(self, message: dict[str, Any]) -> None:
        self._messages.append(message)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def get(self) -> dict[str, Any]:
        """Return the next event. One reader at a time."""
        while not self._messages:
            self._waiter = loop.create_future()
            await self._waiter
        return self._messages.pop(0)


class Channel(HTTPChannel):
    """One HTTP connection, closed when a request takes more than `request_seconds` to arrive."""

    transport: Any
    arriving = refused = False

    def connectionMade(self) -> None:
        self.server = self.factory.server
        self.flow = FlowControl(self.transport, self.server)
        super().connectionMade()

    def connectionLost(self, reason: Any = None) -> None:
        self.flow.stopProducing()
        super().connectionLost(reason)

    def pauseProducing(self) -> None:
        self.flow.pauseProducing()
        super().pauseProducing()

    def resumeProducing(self) -> None:
        self.flow.resumeProducing()
        super().resumeProducing()

    def loseConnection(self) -> None:
        self.flow.watch()  # Twisted would wait for ever for the reader to take the rest
        super().loseConnection()

    def timeoutConnection(self) -> None:
        if self.refused:
            self.transport.abortConnection()
        elif self.flow.unacked_bytes():
            self.flow.watch()  # the client still reads the last response
            self.setTimeout(self.timeOut)
        else:
            super().timeoutConnection()

    def dataReceived(self, data: bytes) -> None:
        if not self.arriving:
            self.arriving = True
            self.resetTimeout()
        LineReceiver.dataReceived(self, data)  # HTTPChannel's own would reset the timeout with every byte

    def headerReceived(self, line: bytes) -> bool:
        try:
            return bool(super().headerReceived(line))
        except ValueError:  # a Content-Length of more digits than int() takes
            self._respondToBadRequestAndDisconnect()
            return False

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        """Return whether the connection stays open after a request: not where a successor takes the next one."""
        if not self.server.retiring:
            return bool(super().checkPersistence(request, version))
        request.responseHeaders.setRawHeaders(b"connection", [b"close"])
        return False

    def allHeadersReceived(self) -> None:
        if (self.length or 0) > self.server.body_bytes:
            self.refuse_body()
        else:
            super().allHeadersReceived()

    def allContentReceived(self) -> None:
        self.arriving = False
        super().allContentReceived()

    def refuse_body(self) -> None:
        words = f"The request body is larger than {self.server.body_bytes} bytes."
        self.refuse(413, "too_large", words, self._path)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse(400, "bad_request", f"The request line and each header may have {self.MAX_LENGTH} bytes.")

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(400, "bad_request", "This is not valid HTTP/1.1.")

    def refuse(self, status: int, code: str, detail: str, path: bytes = b"") -> None:
        """Answer a request that has not wholly arrived, and discard the rest of it."""
        if self.refused:
            return
        self.refused = True
        headers, body = problem(status, code, detail, path)
        lines = [b"HTTP/1.1 %d %s" % (status, HTTPStatus(status).phrase.encode()), b"Connection: close"]
        lines += [b"%s: %s" % header for header in headers]
        self.transport.write(b"\r\n".join([*lines, b"", body]))
        self.transport.loseWriteConnection()
        for name in ("dataReceived", "lineReceived", "rawDataReceived", "allContentReceived"):
            setattr(self, name, lambda *dropped: None)
        self.setTimeout(LINGER_SECONDS)


class Request(WebRequest):
    """One HTTP exchange, cut short where the application fails or forgets the end: no client hangs."""

    responseHeaders: Headers
    _response_started: bool
    # Of a response without a body. Set on those alone, and `code` on none: 30 attributes need a dictionary, of 1.6 KB.
    bodiless = False
    # Daphne's own are two more calls of Python for each look into a table of connections.
    __eq__, __hash__ = object.__eq__, object.__hash__

    def __init__(self, channel: Channel, *args: Any) -> None:
        # Twisted would parse forms in the event loop, up to the limit; the application parses them itself.
        super().__init__(channel, *args, parsePOSTFormSubmission=False)
        self.flow = channel.flow

    def process(self) -> Any:
        standardize(self)
        return super().process()

    def make_receive_queue(self) -> ReceiveQueue:
        return ReceiveQueue()

    def handleContentChunk(self, data: bytes) -> None:
        if self.content.tell() + len(data) > self.server.body_bytes:
            self.channel.refuse_body()
        elif not self.channel.refused:
            super().handleContentChunk(data)

    def handle_reply(self, message: dict[str, Any]) -> None:
        """Send one event of the application; the head goes with the first bytes of the body, if they come in the same turn.

        Daphne and Twisted do the same by 130 calls for a short answer, and eight for each chunk: a tenth of a delta's time.
        """
        if self.finished or self.channel is None:
            return
        if message["type"] == "http.response.start":
            self._begin(message["status"], message.get("headers", ()))
            return
        if not self._response_started:
            raise ValueError("a body without a head")
        ends, data = not message.get("more_body"), message.get("body", b"")
        if self.chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
            if ends:
                data += LAST_CHUNK
        elif self.bodiless:
            data = b""
        if data or ends:
            self._write(data)
        if ends:
            self._end()

    def _begin(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Keep the head of the response for its first bytes. Raise ValueError for a line's end in it, and for a second head."""
        lines = [b"%b: %b\r\n" % header for header in headers]
        lines += [
            b"Connection: %b\r\n" % value for value in self.responseHeaders.getRawHeaders(b"connection", ())
        ]
        fields = b"".join(lines)
        if self._response_started or not fields.count(b"\r") == fields.count(b"\n") == len(lines):
            raise ValueError("a second head, or a line's end in a header")
        if self.method == b"HEAD" or status in NO_BODY_CODES:
            self.bodiless = True
        has_length = b"\ncontent-length:" in b"\n" + fields.lower()
        self.chunked = self.clientproto == b"HTTP/1.1" and not (has_length or self.bodiless)
        if self.chunked:
            fields += b"Transfer-Encoding: chunked\r\n"
        self._response_started = True
        reason = RESPONSES.get(status, b"Unknown Status")
        self.flow.head = b"%b %d %b\r\n%b\r\n" % (self.clientproto, status, reason, fields)
        # A model may take a minute for its first word: the client knows by the head that its prompt is stored.
        loop.call_soon(self._write, b"")
        # They are not needed again, and take 2 KB in each open stream; a body may have megabytes.
        self.requestHeaders = self.responseHeaders = _SENT
        self.clean_headers = self.client = self.host = None
        self.content.close()

    def _write(self, data: bytes) -> None:
        data, self.flow.head = self.flow.head + data, b""
        if data and self.channel is not None:
            self.channel.transport.write(data)

    def _end(self) -> None:
        """Notify the application of the end, and let the channel go on with its next request."""
        if self.application_queue:
            self.send_disconnect()
        self.finished = 1
        self._cleanup()
        self.server.protocol_disconnected(self)

    def basic_error(self, status: int, status_text: bytes, body: str) -> None:
        if self._response_started:  # the head has been sent: a truncated body is the only sign left
            self.channel.loseConnection()
            return
        code = {400: "bad_request", 503: "unavailable"}.get(status, "internal_error")
        headers, data = problem(status, code, body)
        self.handle_reply({"type": "http.response.start", "status": status, "headers": headers})
        self.handle_reply({"type": "http.response.body", "body": data})

    def application_ended(self, failed: bool) -> None:
        if not self.finished and self.channel is not None:
            self.basic_error(500, b"", "The server failed to answer.")


class Factory(HTTPFactory):
    """Factory of HTTP connections. It writes no access log, whose lines would contain the requested paths."""

    protocol: Any = Channel

    def __init__(self, server: Any) -> None:
        super().__init__(server)
        self.timeOut = server.request_seconds

    def buildProtocol(self, addr: Any) -> Any:
        channel: Any = super().buildProtocol(addr)
        channel.requestFactory = Request
        return channel

    def log(self, request: Any) -> None:
        pass
