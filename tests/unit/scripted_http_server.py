"""A scripted HTTP server on loopback, and helpers that send requests to it over the connections to models."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvloop

from chat.llm.http.connections import UpstreamConnection
from chat.llm.http.pool import ConnectionPool
from chat.llm.http.request_head import RequestHead

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHello you"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class ScriptedHttpServer:
    """A server on loopback with scripted answers. `asked`: the requests' heads, with the number of their connection."""

    def __init__(self, *answers: bytes, close: bool = True) -> None:
        self.answers, self.close = list(answers), close
        self.asked: list[tuple[int, bytes]] = []
        self.connections = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        mine = self.connections
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                self.asked.append((mine, head))
                await reader.readexactly(_length(head))
                for byte_or_more in _split(self.answers.pop(0)):
                    writer.write(byte_or_more)
                    await writer.drain()
            if not self.close:
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def _length(head: bytes) -> int:
    lines = head.lower().split(b"\r\n")
    return next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length")), 0)


def _split(answer: bytes) -> list[bytes]:
    """Split small answers into single bytes: a parser must not depend on the reads."""
    return [answer[i : i + 1] for i in range(len(answer))] if len(answer) < 200 else [answer]


@asynccontextmanager
async def listening(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncGenerator[int]:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield server.sockets[0].getsockname()[1]


def head(url: str, proxy: str | None = None, **headers: str) -> RequestHead:
    return RequestHead(url, [("Host", "models.test"), *headers.items()], proxy)


async def ask(server: ConnectionPool, body: bytes = b"{}") -> tuple[UpstreamConnection, bytes]:
    connection = await server.connection()
    await server.post(connection, body)
    return connection, await read_all(connection)


async def read_all(connection: UpstreamConnection) -> bytes:
    read = bytearray()
    while data := await connection.read():
        read += data
    return bytes(read)


async def wait_until(true: Callable[[], object]) -> None:
    while not true():  # noqa: ASYNC110 - no event exists for it: checked in each turn of the loop
        await asyncio.sleep(0)


def run(work: Callable[[], Awaitable[Any]]) -> Any:
    async def bounded() -> Any:
        async with asyncio.timeout(20):
            return await work()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as the server runs
        return runner.run(bounded())
