"""One reader per dialect, with one interface for all of them.

reader = transport.send(alice, thread="t", response="r")
reader.until("Hel")          # reads on until the text so far holds this
received = reader.rest()     # reads to the end
received.text, received.end["status"]
"""

from __future__ import annotations

import contextlib
import http.client
import json
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

from tests.live.client import SECONDS, Client, Json, WebSocketClient, body_of, connect_socket
from tests.live.conformance import event_checker

END_FIELDS = ("status", "finishReason", "usage", "error", "keptOffset")


@dataclass
class ReceivedStream:
    """The result of a reader: the bytes of the text and of the thought, `start`, `end`, and every event."""

    text: bytes = b""
    thought: bytes = b""
    start: Json = field(default_factory=dict)
    end: Json = field(default_factory=dict)
    events: list[tuple[str, Json]] = field(default_factory=list)

    def take(self, name: str, data: Json) -> None:
        self.events.append((name, data))
        if name == "delta":
            self.text += data["text"].encode()
        elif name == "thinking":
            self.thought += data["text"].encode()
        elif name == "start":
            self.start = data
        elif name == "end":
            self.end = data


class Reader(Protocol):
    """One follower of one response."""

    received: ReceivedStream

    def until(self, text: str) -> Reader:
        """Read on until the text so far holds `text`; a framed reader has its `start` then, even for ""."""
        ...

    def rest(self) -> ReceivedStream: ...
    def close(self) -> None: ...


class HttpReader:
    """An HTTP request, sent at once; its head is read when needed, for a raw one comes with the first byte."""

    format = "c1"
    framed = False

    def __init__(
        self, client: Client, method: str, path: str, body: Json | None, headers: dict[str, str]
    ) -> None:
        self.client = client
        self.received = ReceivedStream()
        self._connection = http.client.HTTPConnection(
            client.server.url.removeprefix("http://"), timeout=SECONDS
        )
        sent = None if body is None else json.dumps(body).encode()
        headers = {**client.headers, "Content-Type": "application/json", **headers}
        self._connection.request(method, path, sent, headers)
        self._head: http.client.HTTPResponse | None = None
        client.opened.append(self)

    @property
    def head(self) -> http.client.HTTPResponse:
        self._head = self._head or self._connection.getresponse()
        return self._head

    def until(self, text: str) -> HttpReader:
        while text.encode() not in self.received.text or (self.framed and not self.received.start):
            assert self._more(), f"the body ended at {self.received.text[-200:]!r}, before {text!r}"
        return self

    def rest(self) -> ReceivedStream:
        while self._more():
            pass
        self.close()
        return self.received

    def close(self) -> None:
        if self._head:
            self._head.close()
        self._connection.close()

    def _more(self) -> bool:
        piece = self.head.read1()
        self.take(piece)
        return bool(piece)

    def take(self, piece: bytes) -> None:
        raise NotImplementedError


class C1Reader(HttpReader):
    """The raw body. The response's own route gives the contents of the framed dialects' `end`."""

    def take(self, piece: bytes) -> None:
        self.received.text += piece

    def rest(self) -> ReceivedStream:
        received = super().rest()
        if response_id := self.head.headers.get("X-Response-Id"):
            state = self.client.response(response_id)
            received.end = {key: state[key] for key in END_FIELDS}
        return received


class SseReader(HttpReader):
    """Framed events."""

    format = "sse"
    framed = True
    _rest = b""

    def take(self, piece: bytes) -> None:
        *events, self._rest = (self._rest + piece).split(b"\n\n")
        for event in events:
            self._take_event(event.decode())

    def _take_event(self, event: str) -> None:
        fields = dict(line.split(": ", 1) for line in event.split("\n") if not line.startswith(":"))
        if fields:
            data = json.loads(fields["data"])
            event_checker().check_event(fields["event"], data)
            place = fields["id"].partition(":")[0]
            self.received.take(fields["event"], {**data, "offset": int(place), "id": fields["id"]})


class SocketReader:
    """The same over a WebSocket of its own."""

    def __init__(self, client: Client, kind: str, **fields: Any) -> None:
        self.received = ReceivedStream()
        self._stack = contextlib.ExitStack()
        self.connection = self._stack.enter_context(connect_socket(client.server, client.headers))
        client.opened.append(self)
        WebSocketClient(self.connection).say(kind, **fields)

    def until(self, text: str) -> SocketReader:
        while text.encode() not in self.received.text or not self.received.start:
            assert self._more(), f"it ended at {self.received.text[-200:]!r}, before {text!r}"
        return self

    def rest(self) -> ReceivedStream:
        while self._more():
            pass
        self.close()
        return self.received

    def close(self) -> None:
        self._stack.close()

    def _more(self) -> bool:
        if self.received.end:
            return False
        frame = json.loads(self.connection.recv(SECONDS))
        event_checker().check_frame(frame)
        self.received.take(frame["type"], frame)
        assert frame["type"] != "error", frame
        return bool(frame["type"] != "end")


class HttpTransport:
    """`POST /api/chat` and `GET …/stream` in one format."""

    def __init__(self, reader: type[HttpReader]) -> None:
        self.reader = reader
        self.format = reader.format

    def send(self, client: Client, *args: Any, **body: Any) -> HttpReader:
        return self.reader(client, "POST", f"/api/chat?format={self.format}", body_of(*args, **body), {})

    def follow(
        self,
        client: Client,
        response_id: str,
        offset: int = 0,
        thinking: int | None = None,
        headers: dict[str, str] | None = None,
    ) -> HttpReader:
        place = {"offset": offset} if thinking is None else {"offset": offset, "thinkingOffset": thinking}
        query = urlencode({**place, "format": self.format})
        return self.reader(client, "GET", f"/api/responses/{response_id}/stream?{query}", None, headers or {})


class WebSocketTransport:
    """`send` and `follow` frames."""

    format = "websocket"

    def send(self, client: Client, *args: Any, **body: Any) -> SocketReader:
        return SocketReader(client, "send", **body_of(*args, **body))

    def follow(
        self, client: Client, response_id: str, offset: int = 0, thinking: int | None = None
    ) -> SocketReader:
        place = {"offset": offset} if thinking is None else {"offset": offset, "thinkingOffset": thinking}
        return SocketReader(client, "follow", responseId=response_id, **place)


Transport = HttpTransport | WebSocketTransport
C1 = HttpTransport(C1Reader)
SSE = HttpTransport(SseReader)
SOCKET = WebSocketTransport()
TRANSPORTS: tuple[Transport, ...] = (C1, SSE, SOCKET)
