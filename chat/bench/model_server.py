"""`python -m chat.bench.model_server PORT`: a model whose name says what it streams. A burst is sent as prepared bytes.

Measured on one core: 17 µs of CPU for a paced delta (58,000 a second), and 8,000,000 deltas a second in bursts.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import uvloop

from chat.bench.script import Script

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
MODEL = re.compile(rb'"model"\s*:\s*"([^"]*)"')
LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)
READ_BUFFER_MARK = (
    8 * 1024 * 1024
)  # a burst of 1 MiB and its wrapping: written whole, whatever the reader does


@dataclass(frozen=True, slots=True)
class Dialect:
    """What stands around the text of a delta, and what ends a stream."""

    before: bytes
    after: bytes
    last: bytes


def _dialect(open_text: bytes, close_text: bytes, nothing: bytes) -> Dialect:
    lead = b'data: {"id":"bench","created":0,"model":"bench","choices":[{"index":0,'
    last = lead + nothing + b',"finish_reason":"stop"}]}\n\n'
    return Dialect(lead + open_text, close_text + b',"finish_reason":null}]}\n\n', last)


CHAT = _dialect(b'"delta":{"content":"', b'"}', b'"delta":{}')
COMPLETIONS = _dialect(b'"text":"', b'"', b'"text":""')


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def delta(dialect: Dialect, script: Script, stamp: int) -> bytes:
    return chunk(dialect.before + script.text(stamp) + dialect.after)


def tail(dialect: Dialect) -> bytes:
    return chunk(dialect.last) + chunk(b"data: [DONE]\n\n") + END


@lru_cache(maxsize=64)
def burst(dialect: Dialect, script: Script) -> bytes:
    return HEAD + delta(dialect, script, 0) * script.deltas + tail(dialect)


class Connection(asyncio.Protocol):
    """One client; one stream at a time."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._read = bytearray()
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is none by inheritance
        self.transport.set_write_buffer_limits(READ_BUFFER_MARK)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def data_received(self, data: bytes) -> None:
        self._read += data
        head, end, body = bytes(self._read).partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if end and len(body) >= int(length[1] if length else 0):
            self._read.clear()
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        model = MODEL.search(body)
        try:
            script = Script.of(model[1] if model else b"")
        except ValueError:
            self.transport.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return
        dialect = CHAT if b"/chat/completions" in head.split(b"\r\n", 1)[0] else COMPLETIONS
        self._due = self._loop.time() + script.wait
        if script.pause:
            self.transport.write(HEAD)
            self._timer = self._loop.call_at(self._due, self._tick, dialect, script, 0)
        else:
            self._timer = self._loop.call_at(self._due, self.transport.write, burst(dialect, script))

    def _tick(self, dialect: Dialect, script: Script, number: int) -> None:
        if number == script.deltas:
            self.transport.write(tail(dialect))
            return
        self.transport.write(delta(dialect, script, time.monotonic_ns() // 1000))
        self._due += script.pause
        self._timer = self._loop.call_at(self._due, self._tick, dialect, script, number + 1)


async def serve(port: int) -> None:
    """Serve on the loopback until cancelled."""
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=4096)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
