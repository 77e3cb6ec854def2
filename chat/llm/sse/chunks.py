"""Bytes of a completions stream to text, tool calls and how it ended."""

from __future__ import annotations

from chat.llm.sse.answers import CompletionChunk, decode, decode_odd, decode_whole
from chat.llm.sse.events import BOM, MAX_EVENT_BYTES, EventDecoder
from chat.llm.sse.updates import (
    BadStream,
    CallDelta,
    EventTooLarge,
    StreamError,
    StreamUpdate,
    TokenCounts,
    UpstreamError,
)
from chat.text import storable

MAX_REASON_CHARACTERS = 64  # the longest known, `content_filter`, has 14


class ChunkDecoder:
    """Bytes of a completions stream to one Piece per read. A caller asks `done` and `finish_reason` how it ended."""

    def __init__(self, max_event_bytes: int = MAX_EVENT_BYTES) -> None:
        self.done = False
        self.started = False  # whether there was any text or tool call
        self.finish_reason: str | None = None
        self._max = max_event_bytes
        self._events = EventDecoder(max_event_bytes)
        self._sniffing = True
        self._body: bytearray | None = None
        self._held = ""
        self._renew()

    def _renew(self) -> None:
        self._texts: list[str] = []
        self._calls: list[CallDelta] = []
        self._reason: str | None = None
        self._usage: TokenCounts | None = None

    def feed(self, data: bytes) -> StreamUpdate:
        """All that these bytes complete. Raises StreamError, whose `piece` holds what came before the fault."""
        if self.done:
            return StreamUpdate(done=True)
        if self._sniffing:
            self._sniff(data)
        if self._body is not None:
            return self._collect(self._body, data)
        try:
            return self._take(self._events.feed(data))
        except EventTooLarge as error:
            error.piece = self._take(error.payloads, final=True)
            raise

    def flush(self) -> StreamUpdate:
        """What the end of the bytes completes. An event cut off after the finish reason costs nothing; before: BadStream."""
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
        """The answer of a server that does not stream: one JSON object. Raises StreamError."""
        self._absorb(decode_whole(data))
        self.done = True
        return self._piece(final=True)

    def _sniff(self, data: bytes) -> None:
        """A stream of events begins with neither bracket: `<` is a proxy's page, `{` an answer or error in one piece."""
        lead = data.lstrip(BOM + b" \t\r\n")[:1]
        self._sniffing = not lead
        if lead == b"<":
            raise BadStream
        if lead in (b"{", b"["):
            self._body = bytearray()

    def _collect(self, body: bytearray, data: bytes) -> StreamUpdate:
        body += data
        if len(body) > self._max:
            raise EventTooLarge
        return StreamUpdate()

    def _take(self, payloads: list[bytes], final: bool = False) -> StreamUpdate:
        try:
            for payload in payloads:
                try:
                    chunk = decode(payload)
                except (ValueError, RecursionError):
                    self._take_odd(payload)
                    if self.done:
                        break
                else:
                    self._absorb(chunk)
        except StreamError as error:
            error.piece = self._piece(final=True)
            raise
        return self._piece(final)

    def _take_odd(self, payload: bytes) -> None:
        """What the fast decoder refuses: the end mark, nothing at all, half characters, unusual types, and rubbish."""
        words = payload.strip()
        if words == b"[DONE]":
            self.done = True
        elif words:
            self._absorb(decode_odd(words))

    def _absorb(self, chunk: CompletionChunk) -> None:
        if chunk.error or chunk.object == "error":  # as `is_error`, without the price of a call
            raise UpstreamError(chunk.error)
        if chunk.usage is not None:
            self._usage = chunk.usage.bounded()
        if not chunk.choices:
            return
        choice = chunk.choices[0]
        text, delta = choice.text, choice.delta
        if delta is not None:
            text = delta.content or delta.refusal or text
            if delta.tool_calls:
                self._calls += [call.delta() for call in delta.tool_calls]
        if text:
            self._texts.append(text)
        if choice.finish_reason:
            self.finish_reason = self._reason = storable(choice.finish_reason[:MAX_REASON_CHARACTERS])

    def _piece(self, final: bool) -> StreamUpdate:
        text = self._held + "".join(self._texts)
        self._held = ""
        if "\ud800" <= text[-1:] <= "\udbff" and not (final or self.done):
            # The other half of the character comes with the next text.
            text, self._held = text[:-1], text[-1]
        piece = StreamUpdate(storable(text), tuple(self._calls), self._reason, self._usage, self.done)
        self.started = self.started or bool(text or self._calls)
        self._renew()
        return piece
