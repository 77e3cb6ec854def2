"""The two forms of an answer on a connection: a stream of events, and one document."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Iterator
from itertools import cycle
from typing import Any

from chat.testing.frames import CompletionFrame, message_of
from chat.testing.script import Script

EVENT_STREAM = "text/event-stream"
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 503: "Service Unavailable"}
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER on with 0 s: close() sends RST."""


class StreamedLine:
    """An answer in HTTP/1.1's chunked encoding, written step by step."""

    def __init__(self, writer: asyncio.StreamWriter, frame: CompletionFrame, *, keep_alive: bool) -> None:
        self._writer, self._frame, self._keep_alive = writer, frame, keep_alive
        self._sizes: Iterator[int] | None = None
        self.hung_up = False

    async def play(self, script: Script) -> None:
        """Send the whole answer."""
        self._sizes = cycle(script.split) if script.split else None
        self._writer.write(self._head(script))
        for step in script.steps:
            await step.play(self)
        await self.finish()

    async def finish(self) -> None:
        """Send the end of the body."""
        await self.raw(b"0\r\n\r\n")

    async def delta(self, delta: dict[str, Any], finish: str | None = None) -> None:
        await self._event(self._frame.chunk(delta, finish))

    async def usage(self, counts: dict[str, int]) -> None:
        await self._event(self._frame.usage(counts))

    async def data(self, data: bytes) -> None:
        for piece in self._pieces(data) if self._sizes else (data,):
            await self.raw(b"%x\r\n%b\r\n" % (len(piece), piece))

    async def raw(self, data: bytes) -> None:
        if self.hung_up:
            return
        self._writer.write(data)
        await self._writer.drain()

    async def hang_up(self, *, reset: bool) -> None:
        self.hung_up = True
        if reset:
            connection = self._writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self._writer.transport.abort()
        else:
            self._writer.close()

    async def _event(self, payload: dict[str, Any]) -> None:
        await self.data(b"data: " + json.dumps(payload).encode() + b"\n\n")

    def _head(self, script: Script) -> bytes:
        lines = [f"HTTP/1.1 {script.status} {REASONS.get(script.status, 'Scripted')}"]
        lines += [f"{name}: {value}" for name, value in script.headers.items()]
        lines += ["Transfer-Encoding: chunked", *(() if self._keep_alive else ("Connection: close",)), "", ""]
        return "\r\n".join(lines).encode()

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        at = 0
        while self._sizes and at < len(data):
            size = next(self._sizes)
            yield data[at : at + size]
            at += size


class WholeLine(StreamedLine):
    """An answer to a request that does not stream; raw bytes of the script have no place in its document."""

    def __init__(self, writer: asyncio.StreamWriter, frame: CompletionFrame, *, keep_alive: bool) -> None:
        super().__init__(writer, frame, keep_alive=keep_alive)
        self._deltas: list[dict[str, Any]] = []
        self._reason: str | None = None
        self._extra: dict[str, Any] = {}

    async def delta(self, delta: dict[str, Any], finish: str | None = None) -> None:
        self._deltas.append(delta)
        self._reason = finish or self._reason

    async def usage(self, counts: dict[str, int]) -> None:
        self._extra = {"usage": counts}

    async def data(self, data: bytes) -> None:
        """Ignore the bytes."""

    async def finish(self) -> None:
        answer = {**self._frame.whole(message_of(self._deltas), self._reason), **self._extra}
        await super().data(json.dumps(answer).encode())
        await super().finish()

    def _head(self, script: Script) -> bytes:
        return super()._head(Script(headers={**script.headers, "Content-Type": "application/json"}))
