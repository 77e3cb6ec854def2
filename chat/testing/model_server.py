"""An OpenAI-compatible model server on real sockets: each request gets a script, which is played on its connection.

The scripted model of the tests, the demo model and the benchmark's model are scripts behind it.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
import uuid
from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from chat.testing.frames import CompletionFrame
from chat.testing.lines import EVENT_STREAM, StreamedLine, WholeLine
from chat.testing.script import WAIT_SECONDS, Script

BACKLOG = 4096
"""Connections that may wait to be accepted; a burst beyond it costs each a second."""
BODY_BYTES = 64 * 1024 * 1024
"""The largest request body: a long thread's whole history comes with every question."""


class Received:
    """One request: `method`, `path`, `headers` (lower-case names), `body`, `json`, and the time its client left."""

    def __init__(self, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.arrived = time.monotonic()
        self.left_at: float | None = None
        self._over = threading.Event()

    @cached_property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def fields(self) -> dict[str, Any]:
        """The body's JSON object; empty where it is none."""
        try:
            return self.json if isinstance(self.json, dict) else {}
        except (ValueError, RecursionError):
            return {}

    @property
    def messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.json["messages"]
        return messages

    @property
    def is_chat(self) -> bool:
        return urlsplit(self.path).path.endswith("/chat/completions")

    @property
    def is_embedding(self) -> bool:
        return urlsplit(self.path).path.endswith("/embeddings")

    def wait_until_left(self, seconds: float = WAIT_SECONDS) -> float:
        """Return the time at which the client closed the connection. Raise AssertionError after `seconds`."""
        assert self._over.wait(seconds), "the client did not close the connection"
        assert self.left_at is not None, "the script came to its end before the client left"
        return self.left_at

    def finish(self, *, left: bool) -> None:
        """Note the end of the exchange; `left`: the client closed before the script's end."""
        self.left_at = time.monotonic() if left else None
        self._over.set()


class ModelServer:
    """The server in the running event loop. An exception of `behave` goes to the loop's exception handler.

    Without `keep_alive` a connection carries one request, so that a close means that the client left.
    """

    def __init__(self, behave: Callable[[Received], Script], *, keep_alive: bool = False) -> None:
        self._behave, self._keep_alive = behave, keep_alive
        self.base_url = ""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, listener: socket.socket) -> None:
        """Start serving on a bound socket, from then on at `base_url`."""
        host, port, *_ = listener.getsockname()
        self.base_url = f"http://{f'[{host}]' if ':' in host else host}:{port}/v1/"
        self._server = await asyncio.start_server(self._accept, sock=listener, backlog=BACKLOG)

    def stop_listening(self) -> None:
        """Close the listening socket; open connections go on."""
        if self._server is not None:
            self._server.close()

    async def close(self) -> None:
        """Stop listening and cut all connections."""
        self.stop_listening()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # clients may leave at any moment, and closing cancels
        except Exception as mistake:
            context = {"message": "The model server failed to answer", "exception": mistake}
            asyncio.get_running_loop().call_exception_handler(context)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request after the other."""
        first = asyncio.ensure_future(reader.read(1))
        try:
            while byte := await first:
                received = await read_request(byte, reader)
                script = self._behave(received)
                # The first byte of the next request, or the end of the connection.
                first = asyncio.ensure_future(reader.read(1))
                line = self._line(writer, received, script)
                await _play(line, script, received, first)
                if line.hung_up or not self._keep_alive:
                    break
        finally:
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)

    def _line(self, writer: asyncio.StreamWriter, received: Received, script: Script) -> StreamedLine:
        model = received.fields.get("model")
        name = model if model and isinstance(model, str) else "scripted"
        frame = CompletionFrame(received.is_chat, name, uuid.uuid4().hex, int(time.time()))
        streamed = received.fields.get("stream") is True or script.headers.get("Content-Type") != EVENT_STREAM
        return (StreamedLine if streamed else WholeLine)(writer, frame, keep_alive=self._keep_alive)


async def _play(line: StreamedLine, script: Script, received: Received, first: asyncio.Future[bytes]) -> None:
    """Play the script until its end, or until the client leaves: then `first` is done and empty."""
    playing = asyncio.ensure_future(line.play(script))
    events: set[asyncio.Future[Any]] = {playing, first}
    try:
        await asyncio.wait(events, return_when=asyncio.FIRST_COMPLETED)
        if not playing.done() and not first.exception() and first.result():
            await asyncio.wait({playing})
        received.finish(left=not playing.done() or isinstance(playing.exception(), ConnectionError))
        if playing.done():
            playing.result()
    finally:
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)


async def read_request(first: bytes, reader: asyncio.StreamReader) -> Received:
    """Read one HTTP/1.1 request with a Content-Length or chunked body."""
    head = first + await reader.readuntil(b"\r\n\r\n")
    request, *lines = head.decode("latin-1").split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    method, path, _ = request.split()
    if headers.get("transfer-encoding") == "chunked":
        return Received(method, path, headers, await read_chunked(reader))
    length = int(headers.get("content-length", 0))
    if length > BODY_BYTES:
        raise ConnectionAbortedError("the body is too large")
    return Received(method, path, headers, await reader.readexactly(length))


async def read_chunked(reader: asyncio.StreamReader) -> bytes:
    """Read a chunked body. Raise ConnectionAbortedError where it is too large."""
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        if len(body) > BODY_BYTES:
            raise ConnectionAbortedError("the body is too large")
        await reader.readline()
    await reader.readline()
    return body


def bound(host: str, port: int) -> socket.socket:
    """Return a socket that is bound and does not listen yet. Raise OSError when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener
