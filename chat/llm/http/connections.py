"""HTTP/1.1 connections to a model's server: one POST at a time, and the bytes of its answer as they come.

The reader is part of the project because reading is half of the cost of a delta. httptools parses, and the bytes of the
socket go straight to the waiting task: 12.4 µs of CPU for a read of a paced answer where aiohttp takes 17.5, 0.33 for a
delta of a burst against 1.15 (100 streams × 50/s and 50 × 1,000 at once, alone on a core, in turn).
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections import deque
from typing import cast
from urllib.parse import SplitResult, unquote, urlsplit

import httptools

from chat.llm.http.request_head import RequestHead, trusted_certificates

# Unread bytes of an answer; beyond, nothing more is read from the socket.
BUFFER_BYTES = 65_536
# Bytes of an answer's head, interim answers included; 1 KB is usual.
HEAD_BYTES = 65_536
# Servers close idle connections after 5 s and more, and a POST sent at that moment is lost.
IDLE_SECONDS = 4.0
# Seconds for the end of an answer after its last text; the connection is used again if it comes in time.
TAIL_SECONDS = 0.5
PORTS = {"http": 80, "https": 443}


class ConnectionBroken(ConnectionError):
    """The server closed the connection before the end of its answer, or the answer is not HTTP/1.1."""


class UpstreamConnection(asyncio.Protocol):
    """One connection. `status` and `headers` (lower-case names) are those of the current answer.

    `complete` is true once the whole answer has arrived, and before the first request.
    """

    __slots__ = (
        "_broken",
        "_chunks",
        "_head_bytes",
        "_kept",
        "_loop",
        "_parser",
        "_paused",
        "_size",
        "_waiter",
        "complete",
        "headers",
        "idle_since",
        "status",
        "transport",
    )

    transport: asyncio.Transport
    _parser: httptools.HttpResponseParser

    def __init__(self) -> None:
        self.idle_since = 0.0
        # Kept: get_running_loop() makes a system call.
        self._loop = asyncio.get_running_loop()
        self._waiter: asyncio.Future[None] | None = None
        self._broken = False
        self._begin()
        self.complete = True

    def _begin(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._chunks: deque[bytes] = deque()
        self._size = self._head_bytes = 0
        self.complete = self._kept = self._paused = False
        self.status = 0
        self.headers: dict[bytes, bytes] = {}

    async def post(self, request: bytes) -> None:
        """Send a whole request and wait for the answer's head. Raise ConnectionBroken."""
        self._begin()
        self.transport.write(request)
        while not self.status:
            await self._change()

    async def read(self) -> bytes:
        """Return all new bytes of the body, empty at its end. Raise ConnectionBroken."""
        chunks = self._chunks
        while not chunks:
            if self.complete:
                return b""
            await self._change()
        data = chunks.popleft() if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._size = 0
        if self._paused:
            self._paused = False
            self.transport.resume_reading()
        return data

    def _change(self) -> asyncio.Future[None]:
        if self._broken:
            raise ConnectionBroken
        self._waiter = self._loop.create_future()
        return self._waiter

    @property
    def reusable(self) -> bool:
        return self.complete and self._kept and not (self._broken or self._paused)

    def close(self) -> None:
        """Close the connection at once, without waiting for the rest of the answer."""
        self.transport.abort()

    # Callbacks of asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have another base class.
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            if self.complete:
                # Bytes without a request.
                raise ConnectionBroken
            self._parser.feed_data(data)
            self._check_head(len(data))
        except (ConnectionBroken, httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._broken = True
            self.transport.abort()
        self._wake()

    def _check_head(self, size: int) -> None:
        if not self.status:
            self._head_bytes += size
            if self._head_bytes > HEAD_BYTES:
                raise ConnectionBroken

    def connection_lost(self, problem: Exception | None) -> None:
        if not self.complete and self.status and problem is None and self._ends_with_connection():
            self.complete = True
        self._broken = True
        # The parser refers to this connection.
        del self._parser
        self._wake()

    def _ends_with_connection(self) -> bool:
        return b"content-length" not in self.headers and b"transfer-encoding" not in self.headers

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # Callbacks of the parser; an exception here comes out of `feed_data`

    def on_message_begin(self) -> None:
        if self.complete:
            # A second answer to one request.
            raise ConnectionBroken

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:
            # An interim answer (RFC 9110, 15.2).
            self.headers.clear()
        else:
            self.status, self._kept = status, self._parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        self._chunks.append(data)
        self._size += len(data)
        if self._size > BUFFER_BYTES and not self._paused:
            self._paused = True
            self.transport.pause_reading()

    def on_message_complete(self) -> None:
        self.complete = bool(self.status)


class ConnectionPool:
    """The idle connections to one model's server. Each running answer has a connection of its own."""

    def __init__(self, head: RequestHead) -> None:
        self._head = head
        self._url, self._proxy = urlsplit(head.url), urlsplit(head.proxy) if head.proxy else None
        through = self._proxy is not None and self._url.scheme == "http"
        self._request = _request(head, self._url, self._proxy if through else None)
        self.idle: deque[UpstreamConnection] = deque()

    async def connection(self) -> UpstreamConnection:
        """Return an idle connection or a new one. Raise OSError where the server cannot be reached."""
        while self.idle:
            connection = self.idle.pop()
            if connection.reusable and time.monotonic() - connection.idle_since < IDLE_SECONDS:
                return connection
            connection.close()
        return await self._connect()

    async def post(self, connection: UpstreamConnection, body: bytes) -> None:
        """POST a body. Raise ConnectionBroken."""
        await connection.post(b"%b%d\r\n\r\n%b" % (self._request, len(body), body))

    def release(self, connection: UpstreamConnection) -> None:
        """Keep a connection whose answer has been read, if its last bytes come within TAIL_SECONDS."""
        if connection.complete:
            self._keep(connection)
        else:
            asyncio.get_running_loop().call_later(TAIL_SECONDS, self._keep, connection)

    def _keep(self, connection: UpstreamConnection) -> None:
        if connection.reusable:
            connection.idle_since = time.monotonic()
            self.idle.append(connection)
            asyncio.get_running_loop().call_later(IDLE_SECONDS, self._close_idle)
        else:
            connection.close()

    def _close_idle(self) -> None:
        while self.idle and time.monotonic() - self.idle[0].idle_since >= IDLE_SECONDS:
            self.idle.popleft().close()

    async def _connect(self) -> UpstreamConnection:
        tls = self._url.scheme == "https"
        if self._proxy is None:
            return await _open(self._url, tls)
        connection = await _open(self._proxy, self._proxy.scheme == "https")
        return await self._tunnel(connection, self._proxy) if tls else connection

    async def _tunnel(self, outer: UpstreamConnection, proxy: SplitResult) -> UpstreamConnection:
        """Return a TLS connection to the server through a proxy (RFC 9110, 9.3.6)."""
        target = b"%b:%d" % (_host(self._url).encode(), _port(self._url))
        try:
            await outer.post(
                b"CONNECT %b HTTP/1.1\r\nHost: %b\r\n%b\r\n" % (target, target, _authorization(proxy))
            )
            if outer.status // 100 != 2:
                raise OSError(f"The proxy refused with status {outer.status}.")
            inner = UpstreamConnection()
            transport = await asyncio.get_running_loop().start_tls(
                outer.transport, inner, trusted_certificates(), server_hostname=self._url.hostname
            )
            if transport is None:
                raise OSError("The proxy closed the connection.")
            inner.connection_made(transport)
        except BaseException:
            outer.close()
            raise
        return inner


async def _open(url: SplitResult, tls: bool) -> UpstreamConnection:
    _, connection = await asyncio.get_running_loop().create_connection(
        UpstreamConnection,
        url.hostname or "",
        _port(url),
        ssl=trusted_certificates() if tls else None,
        server_hostname=url.hostname if tls else None,
    )
    return connection


def _request(head: RequestHead, url: SplitResult, proxy: SplitResult | None) -> bytes:
    """Return a request up to the length of its body. A plain proxy needs the whole address in it."""
    target = head.url if proxy else f"{url.path or '/'}{'?' + url.query if url.query else ''}"
    lines = [f"POST {target} HTTP/1.1", *(f"{name}: {value}" for name, value in head.headers)]
    if any(sign in line for line in lines for sign in "\r\n\0"):
        raise ValueError("An address or a key for a model has a line's end in it.")
    return (
        "\r\n".join(lines).encode()
        + b"\r\n"
        + (_authorization(proxy) if proxy else b"")
        + b"Content-Length: "
    )


def _authorization(proxy: SplitResult) -> bytes:
    if proxy.username is None:
        return b""
    words = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}".encode()
    return b"Proxy-Authorization: Basic %b\r\n" % base64.b64encode(words)


def _host(url: SplitResult) -> str:
    host = url.hostname or ""
    return f"[{host}]" if ":" in host else host


def _port(url: SplitResult) -> int:
    return url.port or PORTS.get(url.scheme, 80)
