"""An OpenAI-compatible model server on real sockets that does what its scripts say.

It answers `/v1/chat/completions` and `/v1/completions`, runs in a thread with a loop of its own, may write
any bytes at all, and keeps what it was sent. One connection carries one request, so a
close means that the client left.

    with ScriptedModel() as model:
        model.script(answer("Hel", "lo"))       # for the next request; then the default answers again
        model.default(answer("Hello"))          # or a function of the request
        ...
        assert model.requests[0].json["stream"]
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import cycle
from typing import Any, Self

from chat.testing.script import Script, answer

Behaviour = Script | Callable[["Received"], Script]

REASONS = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
}  # the words of a status line; others read "Scripted"
WAIT_SECONDS = 10.0  # how long a test waits for something that should come at once
LINGER_NONE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: close() sends RST


class Received:
    """One request: `path`, `headers` (lower-case names), `body` bytes, `json`, and when its client left."""

    def __init__(self, path: str, headers: dict[str, str], body: bytes) -> None:
        self.path = path
        self.headers = headers
        self.body = body
        self.arrived = time.monotonic()
        self.left_at: float | None = None  # time.monotonic() of the client's close before the script's end
        self._over = threading.Event()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.json["messages"]
        return messages

    def wait_until_left(self, seconds: float = WAIT_SECONDS) -> float:
        """The time at which the client closed the connection; AssertionError if it did not in `seconds`."""
        assert self._over.wait(seconds), "the client did not close the connection"
        assert self.left_at is not None, "the script came to its end before the client left"
        return self.left_at

    def finish(self, *, left: bool) -> None:
        self.left_at = time.monotonic() if left else None
        self._over.set()


class ScriptedModel:
    """The server; a context manager. Everything public may be called from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="scripted-model", daemon=True)
        self._news = threading.Condition()
        self._received: list[Received] = []
        self._scripts: deque[Behaviour] = deque()
        self._default: Behaviour = answer("Hello from the script.")
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._mistakes: list[
            BaseException
        ] = []  # exceptions of scripts: the test's own fault, raised by reset()
        self.port = 0

    # -- what a test says ----------------------------------------------------------

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/"

    @property
    def requests(self) -> list[Received]:
        with self._news:
            return list(self._received)

    def script(self, *behaviours: Behaviour) -> None:
        """What the next requests get, one each, in order."""
        self._scripts.extend(behaviours)

    def default(self, behaviour: Behaviour) -> None:
        """What a request gets when nothing is scripted for it."""
        self._default = behaviour

    def reset(self) -> None:
        """Forget scripts and requests, as between two tests; raises what went wrong in a script."""
        with self._news:
            self._received = []
        self._scripts.clear()
        self._default = answer("Hello from the script.")
        mistakes, self._mistakes = self._mistakes, []
        assert not mistakes, f"a script failed: {mistakes!r}"

    def wait_for_requests(self, count: int, seconds: float = WAIT_SECONDS) -> list[Received]:
        """The requests, once there are `count`; AssertionError after `seconds`."""
        with self._news:
            enough = self._news.wait_for(lambda: len(self._received) >= count, seconds)
            assert enough, f"{len(self._received)} of {count} requests came"
            return list(self._received)

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """Meanwhile nobody listens on the port: connections are refused."""
        self._call(self._close_listener())
        keeper = _bound(self.port)  # bound but not listening: refuses, and nobody else gets the port
        try:
            yield
        finally:
            self._call(self._listen(keeper))

    # -- life cycle ----------------------------------------------------------------

    def __enter__(self) -> Self:
        self._thread.start()
        listener = _bound(0)
        self.port = listener.getsockname()[1]
        self._call(self._listen(listener))
        return self

    def __exit__(self, *_: object) -> None:
        self._call(self._shut_down())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _call(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(WAIT_SECONDS)

    async def _listen(self, listener: socket.socket) -> None:
        self._server = await asyncio.start_server(self._accept, sock=listener, backlog=1024)

    async def _close_listener(self) -> None:
        assert self._server is not None
        self._server.close()

    async def _shut_down(self) -> None:
        await self._close_listener()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- one connection ------------------------------------------------------------

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._converse(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # a client that goes away in the middle is what these tests are about
        except Exception as mistake:
            self._mistakes.append(mistake)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received = await read_request(reader)
        script = self._choose(received)
        playing = asyncio.ensure_future(SocketLine(writer, received, script).play())
        leaving = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({playing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            received.finish(left=not playing.done() or broke_off(playing))
            if playing.done():
                playing.result()
        finally:
            playing.cancel()
            leaving.cancel()
            await asyncio.gather(playing, leaving, return_exceptions=True)

    def _choose(self, received: Received) -> Script:
        with self._news:
            self._received.append(received)
            self._news.notify_all()
        behaviour = self._scripts.popleft() if self._scripts else self._default
        return behaviour(received) if callable(behaviour) else behaviour


class SocketLine:
    """The wire of one exchange: HTTP/1.1, chunked, closed at its end."""

    def __init__(self, writer: asyncio.StreamWriter, received: Received, script: Script) -> None:
        self._writer = writer
        self._script = script
        self._sizes = cycle(script.split) if script.split else None
        self._hung_up = False
        self.completions = not received.path.endswith("/chat/completions")

    async def play(self) -> None:
        await self.raw(head(self._script))
        for step in self._script.steps:
            await step.play(self)
        if not self._hung_up:
            await self.raw(b"0\r\n\r\n")

    async def event(self, payload: dict[str, Any]) -> None:
        await self.data(b"data: " + json.dumps(payload).encode() + b"\n\n")

    async def data(self, data: bytes) -> None:
        for piece in self._pieces(data):
            await self.raw(b"%x\r\n%b\r\n" % (len(piece), piece))

    async def raw(self, data: bytes) -> None:
        if self._hung_up:
            return
        self._writer.write(data)
        await self._writer.drain()
        await asyncio.sleep(0)  # a real suspension, so that an endless script can be cancelled

    async def hang_up(self, *, reset: bool) -> None:
        self._hung_up = True
        if reset:
            self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NONE)
            self._writer.transport.abort()
        else:
            self._writer.close()

    def _pieces(self, data: bytes) -> Iterator[bytes]:
        if self._sizes is None:
            yield data
            return
        at = 0
        while at < len(data):
            size = next(self._sizes)
            yield data[at : at + size]
            at += size


async def read_request(reader: asyncio.StreamReader) -> Received:
    """One HTTP/1.1 request with a Content-Length or chunked body."""
    first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")[:-2]
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if headers.get("transfer-encoding") == "chunked":
        body = await read_chunked(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(first.split()[1], headers, body)


async def read_chunked(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body


def head(script: Script) -> bytes:
    """The status line and headers of an answer."""
    lines = [f"HTTP/1.1 {script.status} {REASONS.get(script.status, 'Scripted')}"]
    lines += [f"{name}: {value}" for name, value in script.headers.items()]
    lines += ["Transfer-Encoding: chunked", "Connection: close", "", ""]
    return "\r\n".join(lines).encode()


def broke_off(playing: asyncio.Future[None]) -> bool:
    """Whether the script failed on a connection that the client had closed."""
    return isinstance(playing.exception(), ConnectionError)


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound
