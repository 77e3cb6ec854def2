"""The write side of Durable Streams, for tests alone: each stream is a response whose model says what is appended.

Reads go to the server as they are, so that a conformance suite which writes for itself can judge them.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from chat.testing import Received, Script, ScriptedModel
from chat.testing.script import DONE, Finish, Line
from tests.live.client import Client

# Headers of one hop: the adapter's own connection has others.
HOP = {"connection", "transfer-encoding", "keep-alive", "date", "server"}
# The parameter of our media types, which the suite compares as text.
CHARSET = "; charset=utf-8"
CLOSED = {"Stream-Closed": "true"}


class Feed:
    """Text as the steps of a model: each piece is a delta, from any thread, until the feed is closed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pieces: list[str] = []
        self._closed = False
        self._news: Future[None] = Future()

    def put(self, text: str, *, close: bool) -> None:
        with self._lock:
            self._pieces += [text] if text else []
            self._closed = self._closed or close
            news, self._news = self._news, Future()
        news.set_result(None)

    async def play(self, line: Line) -> None:
        taken = 0
        while True:
            with self._lock:
                fresh, closed, news = self._pieces[taken:], self._closed, self._news
            for text in fresh:
                await line.delta({"content": text})
            taken += len(fresh)
            if closed:
                return
            if not fresh:
                await asyncio.shield(asyncio.wrap_future(news))


@dataclass
class AdaptedStream:
    """One stream: its feed, its bytes so far, and a lock under which they grow."""

    feed: Feed = field(default_factory=Feed)
    end: int = 0
    closed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class Adapter:
    """The streams by name, and the server that holds their text."""

    def __init__(self, reader: Client) -> None:
        self.http = httpx.Client(base_url=reader.server.url, headers=reader.headers, timeout=60)
        self.streams: dict[str, AdaptedStream] = {}
        self._lock = threading.Lock()

    def script(self, received: Received) -> Script:
        """Return the answer to a prompt, whose text is the name of a stream."""
        return Script([self.streams[received.messages[-1]["content"]].feed, Finish(), DONE])

    def create(self, name: str) -> bool:
        """Begin a stream's response; return False where there is one."""
        with self._lock:
            if name in self.streams:
                return False
            self.streams[name] = AdaptedStream()
        prompt = {"role": "user", "content": name}
        body = {"prompt": prompt, "threadId": name, "responseId": name}
        # The head of the framed dialect comes at once; leaving stops nothing.
        with self.http.stream("POST", "/api/chat?format=sse", json=body) as answer:
            assert answer.status_code == 200
        return True

    def append(self, name: str, text: str, *, close: bool) -> None:
        """Say text and wait until readers can see it."""
        stream = self.streams[name]
        stream.feed.put(text, close=close)
        stream.end += len(text.encode())
        offset, closed = stream.end - len(text.encode()), False
        while offset < stream.end or (close and not closed):
            query: dict[str, str | int] = {"offset": offset, "live": "long-poll"}
            answer = self.http.get(f"/v1/streams/{name}", params=query).raise_for_status()
            offset = int(answer.headers["stream-next-offset"])
            closed = "stream-closed" in answer.headers
        stream.closed = close

    def delete(self, name: str) -> int:
        if self.streams.pop(name, None) is None:
            return 404
        return 204 if self.http.delete(f"/v1/responses/{name}").is_success else 500


class Handler(BaseHTTPRequestHandler):
    """Writes by the adapter; all else is passed on."""

    protocol_version = "HTTP/1.1"
    adapter: Adapter

    @property
    def name(self) -> str:
        return self.path.partition("?")[0].rpartition("/")[2]

    def do_PUT(self) -> None:
        text, close = self._body(), self._closes
        created = self.adapter.create(self.name)
        if created and (text or close):
            self.adapter.append(self.name, text, close=close)
        place = {"Location": self.path, "Content-Type": "text/plain"} if created else {}
        self._answer(201 if created else 200, place)

    def do_POST(self) -> None:
        text, stream = self._body(), self.adapter.streams.get(self.name)
        if stream is None:
            self._answer(404)
            return
        with stream.lock:
            if not text and not self._closes:
                self._answer(400)
            elif stream.closed and text:
                self._answer(409)
            else:
                if not stream.closed:
                    self.adapter.append(self.name, text, close=self._closes)
                self._answer(204)

    def do_DELETE(self) -> None:
        self._answer(self.adapter.delete(self.name))

    def do_GET(self) -> None:
        """Pass a read on, piece by piece."""
        path = self.path.replace("/v1/stream/", "/v1/streams/", 1)
        passed = {name: value for name, value in self.headers.items() if name.lower() not in (*HOP, "host")}
        with self.adapter.http.stream(self.command, path, headers=passed) as answer:
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name not in HOP:
                    self.send_header(name, value.replace(CHARSET, ""))
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            with suppress(ConnectionError):
                for piece in answer.iter_raw():
                    self.wfile.write(piece)

    do_HEAD = do_OPTIONS = do_GET

    @property
    def _closes(self) -> bool:
        return self.headers.get("Stream-Closed", "").lower() == "true"

    def _body(self) -> str:
        if self.headers.get("Transfer-Encoding", "") == "chunked":
            return self._chunks().decode()
        return self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()

    def _chunks(self) -> bytes:
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def _answer(self, status: int, headers: dict[str, str] | None = None) -> None:
        stream = self.adapter.streams.get(self.name)
        place = {"Stream-Next-Offset": f"{stream.end:016}"} if stream else {}
        closed = CLOSED if stream and stream.closed else {}
        self.send_response(status)
        for name, value in {**place, **closed, **(headers or {})}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: Any) -> None:
        """Print nothing."""


@contextmanager
def writing_adapter(model: ScriptedModel, reader: Client) -> Iterator[str]:
    """Serve the write side for a user's responses within the block; yield its URL."""
    adapter = Adapter(reader)
    model.default(adapter.script)
    handler = type("Bound", (Handler,), {"adapter": adapter})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, adapter.http:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            for stream in adapter.streams.values():
                stream.feed.put("", close=True)
            server.shutdown()
            thread.join()
