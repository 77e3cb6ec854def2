"""Decoding of a completions stream: bytes to text, thought, tool calls, usage and the finish reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from chat.llm.sse import frames
from chat.llm.sse.answers import (
    CompletionChunk,
    decode,
    decode_odd,
    decode_whole,
    is_deep,
    is_failure,
    reported_error,
)
from chat.llm.sse.deltas import DeltaReader
from chat.llm.sse.events import BOM, MAX_EVENT_BYTES, EventDecoder
from chat.llm.sse.thought import thought_of
from chat.llm.sse.token_counts import counts_of
from chat.llm.sse.updates import (
    BadStream,
    EventTooLarge,
    StreamError,
    StreamUpdate,
    TokenCounts,
    UpstreamError,
)
from chat.text import storable
from chat.text.json_values import JsonValues

# The longest known reason, `content_filter`, has 14.
MAX_REASON_CHARACTERS = 64

# Values of one event, or of a whole answer: 25 ms where all are parts of calls. Of 16 MiB of nested lists, objects were made
# for 5 s, in the event loop.
MAX_VALUES = 60_000
# Bytes of an event whose values are counted: shorter ones hold too few to matter.
LARGE_BYTES = 32_768

# Bytes of a read, some ten events, beyond which those alike are decoded together: half the CPU in reads of 4 KiB, a quarter in
# those of 64 KiB.
BURST_BYTES = 2_048

_CONTENT = ("content", "refusal", "tool_calls")

# Data without content: comments sent as data, and the words of servers that send keepalives as events, with their time.
_KEEPALIVE = re.compile(
    rb":.*|null|\W*(openrouter )?(ping|pong|keep[-_ ]?alive|heart[-_]?beat|processing)[\W\d]*", re.IGNORECASE
)
_END = re.compile(rb'"?\[?DONE\]?"?', re.IGNORECASE)


class ChunkDecoder:
    """A decoder with one StreamUpdate per read. `done` and `finish_reason` tell how the stream ended.

    `reason_is_last`: the finish reason came in a chunk of its own after the answer's content. Elsewhere more may follow:
    some servers send a reason with every delta. `reason_was_early`: content did follow. `think_tags`: the thought stands
    in the text, in the usual tags or in the form that this names.
    """

    __slots__ = (
        "_body",
        "_counted",
        "_deltas",
        "_events",
        "_frame",
        "_had_reason",
        "_max",
        "_reason",
        "_sniffing",
        "_usage",
        "_values",
        "done",
        "finish_reason",
        "reason_is_last",
        "reason_was_early",
        "started",
    )

    # Those of the body; most answers are streams.
    _values: JsonValues

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES, *, think_tags: bool | str = False) -> None:
        self.done = False
        # True after the first text, thought or tool call.
        self.started = False
        self.finish_reason: str | None = None
        self.reason_is_last = self.reason_was_early = False
        self._max = max_event_bytes
        self._events = EventDecoder(max_event_bytes)
        self._sniffing = True
        self._body: bytearray | None = None
        self._deltas = DeltaReader(think_tags=think_tags)
        self._frame: frames.TextFrame | None = None
        self._had_reason = False  # before this read
        self._reason: str | None = None
        self._usage: TokenCounts | None = None
        # All counts so far: some servers send those of the prompt first, and the others at the end.
        self._counted: dict[str, Any] = {}

    def feed(self, data: bytes) -> StreamUpdate:
        """Return all that these bytes complete. Raise StreamError, whose `piece` holds the events before the fault."""
        if self.done:
            return StreamUpdate(done=True)
        if self._sniffing:
            self._sniff(data)
        if self._body is not None:
            return self._collect(self._body, data)
        if len(data) > BURST_BYTES:
            data = self._take_alike(data)
        return self._take(self._payloads(self._events.feed, data))

    @property
    def held(self) -> int:
        """Return the number of bytes so far of the event or of the whole answer that the next ones may complete."""
        return self._events.held if self._body is None else len(self._body)

    def flush(self) -> StreamUpdate:
        """Return the rest at the end of the bytes. Raise BadStream for an event cut off before the finish reason."""
        if self.done:
            return StreamUpdate(done=True)
        if self._body is not None:
            return self.whole(bytes(self._body))
        try:
            return self._take(self._events.flush(), final=True)
        except BadStream as error:
            if self.finish_reason is None:
                raise
            return error.piece

    def whole(self, data: bytes) -> StreamUpdate:
        """Return the answer of a server that does not stream: one JSON object. Raise StreamError."""
        for chunk in decode_whole(data):
            self._absorb(chunk, data)
        self.done = True
        return self._piece(final=True)

    def _sniff(self, data: bytes) -> None:
        """Tell a stream of events from a proxy's page (`<`) and from an answer or error in one piece (`{`, `[`)."""
        lead = data.lstrip(BOM + b" \t\r\n")[:1]
        self._sniffing = not lead
        if lead == b"<":
            raise BadStream
        if lead in (b"{", b"["):
            self._body, self._values = bytearray(), JsonValues()

    def _collect(self, body: bytearray, data: bytes) -> StreamUpdate:
        body += data
        if len(body) > self._max or self._values.exceed(MAX_VALUES, data):
            raise EventTooLarge
        return StreamUpdate()

    def _take_alike(self, data: bytes) -> bytes:
        """Take the events that differ in their text alone, and those ahead of them; return the bytes that are left."""
        begun = self._events.begun
        if begun is None or b"\r" in data or not self._deltas.takes_texts():
            return data
        whole = begun + data
        parts = frames.split(whole, self._frame)
        if parts is None:
            self._frame = frames.text_frame(whole)
            parts = frames.split(whole, self._frame)
        if parts is None:
            return data
        before, texts, behind = parts
        self._read(self._payloads(self._events.feed_instead, before))
        if self.done:
            return b""
        if not self._deltas.takes_texts():
            return whole[len(before) :]
        self._deltas.add_texts(texts)
        return behind

    def _payloads(self, feed: Callable[[bytes], list[bytes]], data: bytes) -> list[bytes]:
        """Return the payloads that these bytes complete. Raise EventTooLarge, whose `piece` holds the events before it."""
        try:
            return feed(data)
        except EventTooLarge as error:
            error.piece = self._take(error.payloads, final=True)
            raise

    def _take(self, payloads: list[bytes], final: bool = False) -> StreamUpdate:
        self._read(payloads)
        return self._piece(final)

    def _read(self, payloads: list[bytes]) -> None:
        try:
            for payload in payloads:
                if len(payload) > LARGE_BYTES and JsonValues().exceed(MAX_VALUES, payload):
                    raise BadStream if is_deep(payload[:LARGE_BYTES]) else EventTooLarge
                try:
                    chunk = decode(payload)
                except (ValueError, RecursionError):
                    self._take_odd(payload)
                    if self.done:
                        break
                else:
                    self._absorb(chunk, payload)
        except StreamError as error:
            error.piece = self._piece(final=True)
            raise

    def _take_odd(self, payload: bytes) -> None:
        """Handle a payload that the fast decoder refuses: the end mark, an empty one, unusual types, rubbish."""
        words = payload.strip()
        if _END.fullmatch(words):
            self._end()
        elif words and not _KEEPALIVE.fullmatch(words):
            for chunk in decode_odd(words):
                self._absorb(chunk, words)
            if words.endswith(b"[DONE]"):
                self._end()

    def _end(self) -> None:
        """End the answer. Raise BadStream for one of which nothing came: neither content nor a reason."""
        if self.finish_reason is None and not (self.started or self._deltas.has_content):
            raise BadStream
        self.done = True

    def _absorb(self, chunk: CompletionChunk, payload: bytes) -> None:
        if chunk.error or chunk.object == "error":  # as `is_error`, without the cost of a call
            raise UpstreamError(chunk.error)
        if chunk.usage is not None:
            self._count(chunk.usage)
        if not chunk.choices:
            if chunk.usage is None and (error := reported_error(payload)):
                raise UpstreamError(error)
            return
        choice = chunk.choices[0]
        delta = choice.delta
        if (delta is None or not self._deltas.add(delta)) and (choice.text or choice.message):
            self._add_whole(choice)
        if choice.finish_reason or choice.error:
            self._finish(choice, chunk)

    def _add_whole(self, choice: CompletionChunk) -> None:
        """Add text that is in no delta: a completion's, or a whole message, which some servers send in place of deltas."""
        if choice.text:
            self._deltas.add_text(choice.text)
        elif isinstance(choice.message, dict) and not (self.started or self._deltas.has_content):
            self._deltas.add(choice.message)

    def _count(self, usage: Any) -> None:
        if isinstance(usage, dict):
            known = self._counted
            known |= {name: count for name, count in usage.items() if count or name not in known}
            self._usage = counts_of(known) or self._usage

    def _finish(self, choice: CompletionChunk, chunk: CompletionChunk) -> None:
        reason = choice.finish_reason or ""
        if choice.error or is_failure(reason):
            raise UpstreamError(choice.error)
        self.finish_reason = self._reason = storable(reason[:MAX_REASON_CHARACTERS])
        delta = choice.delta or {}
        alone = not (choice.text or choice.message or any(map(delta.get, _CONTENT)) or thought_of(delta))
        self.reason_is_last = alone and (self.started or self._deltas.has_content)
        # Moonshot sends its counts inside the last choice, Groq beside it.
        self._count(choice.usage or chunk.groq_usage)

    def _piece(self, final: bool) -> StreamUpdate:
        if final or self.done:
            # A thought that ends at the limit of tokens is one.
            self._deltas.end(whole=self.finish_reason == "stop")
        piece = self._deltas.take(self._reason, self._usage, self.done, final or self.done)
        if piece.text or piece.thinking or piece.calls:
            self.started = True
            if self._had_reason:
                self.reason_was_early, self.reason_is_last = True, False
        if self._reason:
            self._had_reason = True
        self._reason = self._usage = None
        return piece
