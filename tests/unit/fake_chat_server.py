"""A chat server inside a transport of httpx: one response as events, cut, closed or refused as scripted."""

from __future__ import annotations

import itertools
import json
import operator
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

# The kind of a piece ("delta" or "thinking") and its text.
Piece = tuple[str, str]
USAGE = {"promptTokens": 1, "completionTokens": 2, "source": "provider"}
END: dict[str, Any] = {
    "status": "done",
    "finishReason": "stop",
    "usage": USAGE,
    "error": None,
    "keptOffset": 0,
}
SESSION = {"user": {"username": "guest"}, "guest": True, "csrfToken": "csrf", "models": [], "demo": True}


@dataclass(frozen=True)
class Cut:
    """The connection ends after some bytes of the body, with an error or as if it were whole."""

    after: int
    clean: bool = False


@dataclass(frozen=True)
class Refusal:
    """A problem document instead of the stream."""

    status: int
    code: str = ""
    retry_after: int | None = None


class Unreachable:
    """No connection at all."""


class LostPiece:
    """The first piece of text is missing."""


Fault = Cut | Refusal | Unreachable | LostPiece


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body in chunks of eight bytes, so that most events and many characters are split."""

    def __init__(self, data: bytes, broken: bool) -> None:
        self._data, self._broken = data, broken
        self.closed = False

    def __iter__(self) -> Iterator[bytes]:
        for begin in range(0, len(self._data), 8):
            yield self._data[begin : begin + 8]
        if self._broken:
            raise httpx.ReadError("cut")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self:
            yield chunk

    def close(self) -> None:
        self.closed = True

    async def aclose(self) -> None:
        self.closed = True


def merged(pieces: Iterable[Piece]) -> list[Piece]:
    """Return the pieces with those of one kind in a row joined."""
    runs = itertools.groupby(pieces, key=operator.itemgetter(0))
    return [(kind, "".join(text for _, text in run)) for kind, run in runs]


def event(name: str, ident: str, **data: Any) -> bytes:
    return f"event: {name}\nid: {ident}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n".encode()


@dataclass
class FakeChatServer:
    """Answers every request for a stream with the pieces behind its cursors; the n-th one suffers the n-th fault.

    With `overlap` a reader who resumes gets stretches of one kind whole, and so many bytes again; no real server does so.
    """

    pieces: list[Piece]
    faults: Iterable[Fault | None] = ()
    overlap: int = 0
    end: dict[str, Any] = field(default_factory=lambda: END)
    requests: list[httpx.Request] = field(default_factory=list)
    bodies: list[Body] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._faults = iter(self.faults)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if request.url.path == "/api/session":
            return httpx.Response(200, json=SESSION)
        fault = next(self._faults, None)
        if isinstance(fault, Unreachable):
            raise httpx.ConnectError("refused")
        if isinstance(fault, Refusal):
            headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
            problem = {"code": fault.code, "detail": f"Refused with {fault.status}.", "quota": "active"}
            return httpx.Response(fault.status, json=problem, headers=headers)
        return self._stream(request, fault)

    def _stream(self, request: httpx.Request, fault: Cut | LostPiece | None) -> httpx.Response:
        place = request.url.params
        pieces = merged(self.pieces) if self.overlap and place.get("offset") else self.pieces
        data = self.body(int(place.get("offset", 0)), int(place.get("thinkingOffset", 0)), pieces)
        if isinstance(fault, LostPiece):
            head, _, rest = data.partition(b"event: delta\n")
            data = head + rest.partition(b"\n\n")[2]
        cut = fault if isinstance(fault, Cut) else None
        self.bodies.append(Body(data[: cut.after] if cut else data, bool(cut and not cut.clean)))
        return httpx.Response(200, stream=self.bodies[-1])

    def body(self, offset: int = 0, thinking_offset: int = 0, pieces: Iterable[Piece] | None = None) -> bytes:
        """Return the whole stream from the cursors of a reader."""
        cursors = {"delta": 0, "thinking": 0}
        known = {"delta": offset - self.overlap, "thinking": thinking_offset - self.overlap}
        found = [b": hello\n\n", event("start", str(offset), **self._start(offset))]
        for kind, text in self.pieces if pieces is None else pieces:
            cursors[kind] += len(text.encode())
            if cursors[kind] > known[kind]:
                found.append(self._piece(kind, text, cursors))
        return b"".join([*found, event("news", "1", kind="unknown"), event("end", "1", **self.end)])

    def _start(self, offset: int) -> dict[str, Any]:
        return {"responseId": "r", "threadId": "t", "status": "streaming", "offset": offset}

    def _piece(self, kind: str, text: str, cursors: dict[str, int]) -> bytes:
        thought = {"thinkingOffset": cursors["thinking"]} if kind == "thinking" else {}
        ident = f"{cursors['delta']}:{cursors['thinking']}" if cursors["thinking"] else str(cursors["delta"])
        return event(kind, ident, text=text, **thought)

    def text(self, kind: str) -> str:
        return "".join(text for of, text in self.pieces if of == kind)
