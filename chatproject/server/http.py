"""HTTP connections, and the exchanges of requests and responses on them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from chatproject.server import loop
from chatproject.server.failures import log_failure
from chatproject.server.flow_control import FlowControl
from chatproject.server.request import Header, RefusedRequest, Request, problem

if TYPE_CHECKING:
    from chatproject.server.server import DaphneServer

# Seconds from a request's first byte to its last, and between two requests: proxies cut idle connections at 60 too.
REQUEST_SECONDS = 60

# Seconds for which a refused client's bytes are discarded: closing at once would reset it and lose the answer.
LINGER_SECONDS = 5

# Bytes behind a request that are read while it is answered, so that the client's leaving is noticed.
EAGER_BYTES = 16 * 1024

# Bytes that wait for the kernel before an application has to wait too.
WAITING_BYTES = 64 * 1024

# An extension of ASGI, and its event: once the client has left, the application is cancelled. It needs no task then that waits
# for the disconnect, which takes 40 µs of CPU for each request and 1 KB for each open stream.
CANCEL_WHEN_LEFT = "chat.cancel_when_left"
# Another, whose event brings a function: it is given the exchange, whose `write` sends a part of the body in the same turn
# of the event loop while it `has_room`.
WRITE_AT_ONCE = "chat.write_at_once"
EXTENSIONS: dict[str, dict[str, Any]] = {CANCEL_WHEN_LEFT: {}, WRITE_AT_ONCE: {}}

# Ends a body that came in chunks.
LAST_CHUNK = b"0\r\n\r\n"

# Responses that have no body (RFC 9110, section 6.4.1).
BODILESS = (204, 304)

# Of IPv4: host and port; of IPv6 two numbers more.
Address = tuple[Any, ...]
Message = Mapping[str, Any]


@lru_cache(maxsize=64)
def _status_line(version: bytes, status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase.encode()
    except ValueError:
        phrase = b"Unknown Status"
    return b"%b %d %b\r\n" % (version, status, phrase)


class HttpConnection(asyncio.Protocol):
    """One HTTP connection: one request after the other, each of which has to arrive within `request_seconds`.

    Bytes behind a request wait until it is answered. A handshake of a WebSocket takes the socket over.
    """

    __slots__ = (
        "_behind",
        "_descriptor",
        "_lingers",
        "_request",
        "client",
        "exchange",
        "flow",
        "refused",
        "server",
        "transport",
    )

    flow: FlowControl
    transport: Any

    def __init__(self, server: DaphneServer, client: Address, descriptor: int) -> None:
        self.server, self.client, self._descriptor = server, client, descriptor
        self.exchange: Exchange | None = None
        self._request: Request | None = None
        self._behind = b""
        self._lingers: asyncio.TimerHandle | None = None
        self.refused = False

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        transport.set_write_buffer_limits(high=WAITING_BYTES, low=0)
        self.flow = FlowControl(transport, self._descriptor, self.server)
        self.server.await_request(self)

    def connection_lost(self, problem: Exception | None) -> None:
        self.flow.stopProducing()
        self.server.awaited.pop(self, None)
        self._drop_request()
        if self._lingers is not None:
            self._lingers.cancel()
        if self.exchange is not None:
            self.exchange.abandon()
            self.exchange = None  # each refers to the other

    def eof_received(self) -> None:
        self._watch_rest()
        if self.exchange is not None:
            self.exchange.abandon()

    def pause_writing(self) -> None:
        self.flow.pauseProducing()

    def resume_writing(self) -> None:
        self.flow.resumeProducing()

    def data_received(self, data: bytes) -> None:
        if self.refused:
            return
        if self.exchange is None:
            self._take(data)
            return
        self._behind += data
        if len(self._behind) > EAGER_BYTES:
            self.transport.pause_reading()

    def _take(self, data: bytes) -> None:
        """Take bytes of the next request. A failure here ends this connection alone."""
        try:
            self._feed(data)
        except RefusedRequest as refused:
            self._refuse(refused)
        except Exception as error:
            log_failure("A connection", error)
            self.flow.abort()

    def _feed(self, data: bytes) -> None:
        request = self._request
        if request is None:
            request = self._request = Request(self.server.body_bytes)
            self.server.await_request(self)
        behind = request.feed(data)
        if behind is None:
            if request.expects:
                request.expects = False
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            return
        self._request = None
        self.server.awaited.pop(self, None)
        if request.websocket:
            self.server.open_websocket(self, request, behind)
            return
        self._behind = behind
        self.exchange = Exchange(self, request)

    def go_on(self, *, keeps_alive: bool) -> None:
        """Take the next request, unless the connection ends with the one that has been answered."""
        self.exchange = None
        if not keeps_alive:
            self.close()
            return
        self.server.await_request(self)
        self.transport.resume_reading()
        data, self._behind = self._behind, b""
        if data:
            self._take(data)

    def close(self) -> None:
        """End the connection once its reader has taken what was written, or stalls."""
        self._watch_rest()
        self.transport.close()

    def _watch_rest(self) -> None:
        if self.flow.pending_bytes():  # asyncio would wait for ever for the reader to take them
            self.flow.watch()

    def expire(self) -> None:
        """End a connection over which no request has arrived in time."""
        if self.flow.unacked_bytes():
            self.flow.watch()  # the client still reads the last response
            self.server.await_request(self)
        else:
            self.close()

    def _refuse(self, refused: RefusedRequest) -> None:
        """Answer a request that has not wholly arrived, and discard the rest of it."""
        self.refused = True
        self.server.awaited.pop(self, None)
        self._drop_request()
        lines = [b"%b: %b\r\n" % header for header in [(b"Connection", b"close"), *refused.headers]]
        head = _status_line(b"HTTP/1.1", refused.status) + b"".join(lines)
        self.transport.write(b"%b\r\n%b" % (head, refused.body))
        self.transport.write_eof()
        self._lingers = loop.call_later(LINGER_SECONDS, self.flow.abort)

    def _drop_request(self) -> None:
        if self._request is not None:
            self._request.close()
            self._request = None


class Exchange:
    """A request with its response, which is cut short where the application fails or forgets the end: no client hangs.

    `left_at`: the time at which the client left, or took the end.
    """

    __slots__ = (
        "_bodiless",
        "_cancels",
        "_chunked",
        "_connection",
        "_head",
        "_keeps_alive",
        "_messages",
        "_method",
        "_path",
        "_started",
        "_version",
        "_waiter",
        "left_at",
        "task",
    )

    def __init__(self, connection: HttpConnection, request: Request) -> None:
        server = connection.server
        self._connection = connection
        self._method, self._version, self._path = request.method, request.version, request.path
        self._keeps_alive = request.keeps_alive
        self._messages: list[Message] = [{"type": "http.request", "body": request.body(), "more_body": False}]
        self._waiter: asyncio.Future[None] | None = None
        self._started = self._chunked = self._bodiless = self._cancels = False
        # That of a response that has begun in this turn of the loop, until the first bytes of its body.
        self._head = b""
        self.left_at: float | None = None
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": self._version[5:].decode(),
            "method": self._method.decode(),
            "path": unquote(self._path.decode()),
            "raw_path": self._path,
            "root_path": "",
            "scheme": "http",
            "query_string": request.query,
            "headers": request.headers,
            "client": connection.client[:2],
            "server": connection.transport.get_extra_info("sockname")[:2],
            "extensions": EXTENSIONS,
        }
        self.task = loop.create_task(server.application(scope, self.receive, self.send))
        self.task.add_done_callback(self._on_end_of_application)
        server.exchanges.add(self)

    async def receive(self) -> Message:
        """Return the application's next event: the body, then the disconnect. One reader at a time."""
        while not self._messages:
            if self.left_at is not None:
                return {"type": "http.disconnect"}
            self._waiter = loop.create_future()
            await self._waiter
        return self._messages.pop(0)

    async def send(self, message: Message) -> None:
        """Send one event of the application, once the reader has room. Discard it if the client has left.

        The head goes with the first bytes of the body, if they come in the same turn.
        """
        flow, kind = self._connection.flow, message["type"]
        while flow.full:
            await flow.drained()
        if self.left_at is not None:
            if kind == CANCEL_WHEN_LEFT:
                self.task.cancel()
            await asyncio.sleep(0)  # an application that never suspends elsewhere could not be cancelled
        elif kind == "http.response.body":
            self._send_part(message)
        elif kind == "http.response.start":
            self._begin(message["status"], message.get("headers", ()))
        elif kind == CANCEL_WHEN_LEFT:
            self._cancels = True
        elif kind == WRITE_AT_ONCE:
            message["give"](self)

    @property
    def has_room(self) -> bool:
        """Return whether the head has been sent and the client takes more at once."""
        return self._started and not self._connection.flow.full

    def write(self, data: bytes) -> None:
        """Send a part of the body, which is not empty, to a client that has room."""
        self._write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)

    def _send_part(self, message: Message) -> None:
        if not self._started:
            raise ValueError("a body without a head")
        ends, data = not message.get("more_body"), message.get("body", b"")
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
            if ends:
                data += LAST_CHUNK
        elif self._bodiless:
            data = b""
        if data or ends:
            self._write(data)
        if ends:
            self._end()

    def _begin(self, status: int, headers: Iterable[Header]) -> None:
        """Keep the head of the response for its first bytes. Raise ValueError for a line's end in it, and for a second head."""
        lines = [b"%b: %b\r\n" % header for header in headers]
        fields = b"".join(lines)
        if self._started or not fields.count(b"\r") == fields.count(b"\n") == len(lines):
            raise ValueError("a second head, or a line's end in a header")
        if self._connection.server.retiring:  # a successor takes the next request
            self._keeps_alive = False
        if not self._keeps_alive and self._version == b"HTTP/1.1":
            fields += b"Connection: close\r\n"
        self._bodiless = self._method == b"HEAD" or status in BODILESS
        has_length = b"\ncontent-length:" in b"\n" + fields.lower()
        self._chunked = self._version == b"HTTP/1.1" and not (has_length or self._bodiless)
        if self._chunked:
            fields += b"Transfer-Encoding: chunked\r\n"
        self._started = True
        self._head = b"%b%b\r\n" % (_status_line(self._version, status), fields)
        # A model may take a minute for its first word: the client knows by the head that its prompt is stored.
        loop.call_soon(self._write, b"")

    def _write(self, data: bytes) -> None:
        if self._head:
            data, self._head = self._head + data, b""
        if data and self.left_at is None:
            self._connection.transport.write(data)

    def _end(self) -> None:
        """Let the connection go on with its next request."""
        self.leave()
        self._connection.go_on(keeps_alive=self._keeps_alive)

    def abandon(self) -> None:
        """Tell the application that the client has left."""
        if self.left_at is None:
            self.leave()
            if self._cancels:
                self.task.cancel()

    def leave(self) -> None:
        """Tell the application that the exchange has ended."""
        if self.left_at is None:
            self.left_at = loop.time()
            self._connection.server.leaving.add(self)
            if self._waiter is not None and not self._waiter.done():
                self._waiter.set_result(None)

    def _on_end_of_application(self, task: asyncio.Task[Any]) -> None:
        server = self._connection.server
        server.exchanges.discard(self)
        server.leaving.discard(self)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, Exception):
            log_failure("An application", error)
        if self.left_at is not None:
            return
        if self._started:  # the head has been sent: a truncated body is the only sign left
            self._write(b"")
            self.leave()
            self._connection.close()
            return
        headers, body = problem(500, "internal_error", "The server failed to answer.", self._path)
        self._begin(500, headers)
        self._write(b"" if self._bodiless else body)
        self._end()
