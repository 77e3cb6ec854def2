"""Durable Streams' tokens and server-sent events: offsets that sort as text, cursors, and `data` and `control` events."""

from __future__ import annotations

import random
import re
import time
from typing import Any

import msgspec

from chat.api.encoders.shared import shared
from chat.exceptions import BadOffset
from chat.models import ACTIVE
from chat.streams import EndEvent, Heartbeat, LogEvent, StartEvent, TextEvent, WaitingEvent
from chat.streams.tail import READ_BYTES

# Digits of an offset: all have the same number, so that they sort as text as they do as numbers.
OFFSET_DIGITS = 16
_NUMBER = re.compile(rf"[0-9]{{1,{OFFSET_DIGITS}}}\Z", re.ASCII)

# Seconds of one cursor, and the moment from which they count (2024-10-09, UTC): the protocol's own figures.
CURSOR_SECONDS = 20
CURSOR_EPOCH = 1_728_432_000
# Greatest step beyond a client's own cursor: 3600 s, the protocol's greatest jitter.
CURSOR_STEPS = 3600 // CURSOR_SECONDS

_HEARTBEAT = b": \n\n"
# All line ends of server-sent events; a carriage return cannot be sent in a `data` line.
_LINE_END = re.compile("\r\n|\r|\n")


def offset_token(offset: int) -> str:
    return f"{offset:0{OFFSET_DIGITS}}"


def parse_offset(text: str) -> int:
    """Parse an offset, with leading zeros or without; -1 is the beginning. Raise BadOffset."""
    if text == "-1":
        return 0
    if not _NUMBER.match(text):
        raise BadOffset("The offset is `-1`, `now`, or one that this server gave.")
    return int(text)


def current_cursor() -> int:
    return int(time.time() - CURSOR_EPOCH) // CURSOR_SECONDS


def next_cursor(given: str) -> str:
    """Return the cursor of now, or one beyond the client's; text that cannot be a cursor counts as none."""
    current = current_cursor()
    if not _NUMBER.match(given) or int(given) < current:
        return str(current)
    return str(int(given) + random.randint(1, CURSOR_STEPS))


class DurableStreamsEncoder:
    """Encoder of one response's events for `live=sse`. `end` was the end of the log when the reader came."""

    def __init__(self, end: int, cursor: str) -> None:
        self._end, self._cursor = end, int(next_cursor(cursor))
        self._cursor_ends = _end_of(self._cursor)
        self._offset = 0
        self._caught_up = self._after_return = False

    def __call__(self, event: LogEvent) -> bytes:
        # Ahead of the pattern matching, which takes as long as the rest of a shared delta's encoding.
        if isinstance(event, TextEvent):
            return self._piece(event)
        match event:
            case StartEvent(status, offset) if status in ACTIVE and offset >= self._end:
                return _control(offset, self._cursor, up_to_date=True)
            case EndEvent(offset, response) if response is not None:
                return _frame(
                    {"streamNextOffset": offset_token(offset), "upToDate": True, "streamClosed": True}
                )
            case Heartbeat() | WaitingEvent():
                return _HEARTBEAT
        return b""

    def _piece(self, event: TextEvent) -> bytes:
        if time.time() >= self._cursor_ends:
            self._renew_cursor()
        data, self._offset = event.data, event.offset
        # A piece that is not full holds all that there was.
        self._caught_up = self._offset >= self._end and len(data) < READ_BYTES
        key = (DurableStreamsEncoder, self._cursor, self._caught_up, self._after_return)
        encoded = shared(event, key, self._data_and_control)
        self._after_return = data.endswith(b"\r")
        return encoded

    def _data_and_control(self, text: str) -> bytes:
        return self._data(text) + _control(self._offset, self._cursor, up_to_date=self._caught_up)

    def _data(self, text: str) -> bytes:
        # The two halves of a line end may come in two pieces.
        if self._after_return and text.startswith("\n"):
            text = text[1:]
        if not text:
            return b""
        if "\n" not in text and "\r" not in text:
            return f"event: data\ndata: {text}\n\n".encode()
        lines = "".join(f"data: {line}\n" for line in _LINE_END.split(text))
        return f"event: data\n{lines}\n".encode()

    def _renew_cursor(self) -> None:
        """Take the cursor of now; never one before that of the connection's beginning."""
        self._cursor = max(self._cursor, current_cursor())
        self._cursor_ends = _end_of(self._cursor)


def _end_of(cursor: int) -> int:
    """Return the moment at which a cursor is no longer that of now, in seconds since 1970."""
    return CURSOR_EPOCH + (cursor + 1) * CURSOR_SECONDS


def _control(offset: int, cursor: int, *, up_to_date: bool) -> bytes:
    # Written by hand: it comes with every delta.
    up = b',"upToDate":true' if up_to_date else b""
    fields = b'"streamNextOffset":"%0*d","streamCursor":"%d"%b' % (OFFSET_DIGITS, offset, cursor, up)
    return b"event: control\ndata: {%b}\n\n" % fields


def _frame(control: dict[str, Any]) -> bytes:
    return b"event: control\ndata: %b\n\n" % msgspec.json.encode(control)
