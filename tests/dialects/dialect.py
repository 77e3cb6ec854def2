"""The interface of a dialect to the contract suite, and its reader of numbered events: a new dialect is one row in DIALECTS.

`merged` gives events as the contract compares them: pieces that follow each other are one, however they were cut.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from tests.live.client import Client, Json
from tests.live.transports import HttpReader


class Marked(NamedTuple):
    """An event and its mark."""

    mark: int
    data: Json


class Piece(NamedTuple):
    """A piece of text or of thought."""

    kind: str
    text: bytes


class Dialect(Protocol):
    """One protocol of other clients whose events carry marks."""

    name: str

    def send(self, client: Client, words: str = ..., *, thread: str, run: str) -> MarkedReader:
        """Send a prompt, or attach to the run if it is known."""
        ...

    def resume(self, client: Client, run: str, mark: int | str) -> MarkedReader: ...

    def stop(self, client: Client, thread: str, run: str) -> None: ...

    def piece(self, event: Json) -> Piece | None:
        """Return the text or thought of an event that is a piece of one."""
        ...

    def outcome(self, last: Json) -> str:
        """Return the status that the last event tells, or the code of its error."""
        ...

    def assert_grammar(self, events: Sequence[Json]) -> None:
        """Assert that a body from its beginning is one that the strictest client takes."""
        ...


class MarkedReader(HttpReader):
    """A strict reader of `id:` and `data:` lines. `cut`: the body was broken off."""

    _rest = b""

    def __init__(
        self,
        dialect: Dialect,
        client: Client,
        method: str,
        path: str,
        body: Json | None = None,
        mark: int | str | None = None,
    ) -> None:
        named = {} if mark is None else {"Last-Event-ID": str(mark)}
        super().__init__(client, method, path, body, named)
        self.dialect, self.marked, self.cut = dialect, list[Marked](), False

    @property
    def events(self) -> list[Json]:
        return [event.data for event in self.marked]

    def until(self, text: str) -> MarkedReader:
        super().until(text)
        return self

    def begun(self) -> MarkedReader:
        """Read on until the first event."""
        while not self.marked:
            assert self._more(), "the body ended before its first event"
        return self

    def to_end(self) -> list[Marked]:
        """Read the body to its end, which must be a whole one, and return its events."""
        self.rest()
        assert self.head.status == 200, self._rest
        assert not self.cut, "the body was cut off"
        assert self._rest == b"", self._rest
        return self.marked

    def events_to_end(self) -> list[Json]:
        return [event.data for event in self.to_end()]

    def take(self, piece: bytes) -> None:
        *frames, self._rest = (self._rest + piece).split(b"\n\n")
        for frame in frames:
            if not frame.startswith(b":"):
                self._take_event(frame.decode())

    def _take_event(self, frame: str) -> None:
        lines = frame.split("\n")
        mark = int(lines.pop(0).removeprefix("id: ")) if len(lines) == 2 else -1
        assert len(lines) == 1, frame
        assert lines[0].startswith("data: "), frame
        event = Marked(mark, json.loads(lines[0].removeprefix("data: ")))
        self.marked.append(event)
        if piece := self.dialect.piece(event.data):
            self.received.text += piece.text if piece.kind == "text" else b""
            self.received.thought += piece.text if piece.kind == "thought" else b""

    def _more(self) -> bool:
        try:
            return super()._more()
        except (http.client.IncompleteRead, ConnectionError):
            self.cut = True
            return False


@dataclass
class Merged:
    """Events that follow each other and say one thing: the mark after them, and their piece or their data."""

    mark: int
    piece: Piece | None
    data: Json | None


def merged(dialect: Dialect, events: Iterable[Marked]) -> list[Merged]:
    result: list[Merged] = []
    for mark, data in events:
        piece, last = dialect.piece(data), result[-1].piece if result else None
        if piece is not None and last is not None and piece.kind == last.kind:
            result[-1] = Merged(mark, Piece(piece.kind, last.text + piece.text), None)
        else:
            result.append(Merged(mark, piece, None if piece else data))
    return result


def behind(events: Sequence[Merged], mark: int) -> list[Merged] | None:
    """Return what follows a mark; None for one inside a character."""
    result = []
    for event in events:
        piece = event.piece
        had = 0 if piece is None else max(0, mark - event.mark + len(piece.text))
        if piece is None or not had:
            result += [event] if event.mark > mark else []
        elif rest := piece.text[had:]:
            if rest[0] & 0xC0 == 0x80:
                return None
            result.append(Merged(event.mark, Piece(piece.kind, rest), None))
    return result
