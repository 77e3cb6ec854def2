"""Reuse of the connections to one model's server, directly or through a proxy."""

from __future__ import annotations

import asyncio
import base64
import time
from collections import deque
from urllib.parse import SplitResult, unquote, urlsplit

from chat.llm.http.addresses import connect
from chat.llm.http.connections import UpstreamConnection
from chat.llm.http.request_head import PORTS, RequestHead, trusted_certificates

# Servers close idle connections after 5 s and more, and a POST sent at that moment is lost.
IDLE_SECONDS = 4.0
# Seconds for the last bytes of an answer, and to see that no second one follows.
QUIET_SECONDS = 0.5


class ConnectionPool:
    """The idle connections to one model's server. Each running answer has a connection of its own."""

    def __init__(self, head: RequestHead) -> None:
        self.head = head
        self._url, self._proxy = urlsplit(head.url), urlsplit(head.proxy) if head.proxy else None
        through = self._proxy is not None and self._url.scheme == "http"
        self._request = _request(head, self._url, self._proxy if through else None)
        self._reuse = True
        self.idle: deque[UpstreamConnection] = deque()
        self._closing: asyncio.TimerHandle | None = None
        self._resting: set[UpstreamConnection] = set()

    async def connection(self) -> UpstreamConnection:
        """Return an idle connection or a new one. Raise OSError where the server cannot be reached."""
        while self.idle:
            connection = self.idle.pop()
            if connection.reusable and time.monotonic() - connection.idle_since < IDLE_SECONDS:
                return connection
            connection.close()
        connection = await self._connect()
        connection.on_unrequested = self._stop_reuse
        return connection

    async def post(self, connection: UpstreamConnection, body: bytes) -> None:
        """POST a body. Raise ConnectionBroken."""
        await connection.post(b"%b%d\r\n\r\n%b" % (self._request, len(body), body))

    def release(self, connection: UpstreamConnection) -> None:
        """Keep a connection whose answer has been read, if nothing but its last bytes comes within QUIET_SECONDS.

        A server that sends a second answer to one request would have it taken for the answer to the next.
        """
        if self._reuse and (connection.reusable or not connection.complete):
            self._resting.add(connection)
            asyncio.get_running_loop().call_later(QUIET_SECONDS, self._keep, connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close the connections without a running answer."""
        for connection in (*self.idle, *self._resting):
            connection.close()

    def _keep(self, connection: UpstreamConnection) -> None:
        self._resting.discard(connection)
        if connection.reusable:
            connection.idle_since = time.monotonic()
            self.idle.append(connection)
            if self._closing is None:
                self._closing = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._close_idle)
        else:
            connection.close()

    def _close_idle(self) -> None:
        """Close what has been idle for too long, and come back for the one that will be next."""
        now, self._closing = time.monotonic(), None
        while self.idle and now - self.idle[0].idle_since >= IDLE_SECONDS:
            self.idle.popleft().close()
        if self.idle:
            rest = self.idle[0].idle_since + IDLE_SECONDS - now
            self._closing = asyncio.get_running_loop().call_later(rest, self._close_idle)

    def _stop_reuse(self) -> None:
        self._reuse = False

    async def _connect(self) -> UpstreamConnection:
        tls = self._url.scheme == "https"
        if self._proxy is None:
            return await _open(self._url)
        connection = await _open(self._proxy)
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


async def _open(url: SplitResult) -> UpstreamConnection:
    tls = trusted_certificates() if url.scheme == "https" else None
    return await connect(url.hostname or "", _port(url), tls)


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
