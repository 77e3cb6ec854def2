"""Durable Streams' tokens and server-sent events: offsets that sort as text, cursors, and `data` and `control` events."""

from __future__ import annotations

import random
import re
import time
from typing import Any

import msgspec

from chat.exceptions import BadOffset
from chat.models import ACTIVE
from chat.streams import EndEvent, Heartbeat, LogEvent, StartEvent, TextEvent
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


def next_cursor(given: str) -> str:
    """Return the cursor of now, or one beyond the client's; text that cannot be a cursor counts as none."""
    current = int(time.time() - CURSOR_EPOCH) // CURSOR_SECONDS
    if not _NUMBER.match(given) or int(given) < current:
        return str(current)
    return str(int(given) + random.randint(1, CURSOR_STEPS))


class DurableStreamsEncoder:
    """Encoder of one response's events for `live=sse`. `end` was the end of the log when the reader came."""

    def __init__(self, end: int, cursor: str) -> None:
        self._end, self._cursor = end, cursor
        self._after_return = False

    def __call__(self, event: LogEvent) -> bytes:
        match event:
            case StartEvent(status, offset) if status in ACTIVE and offset >= self._end:
                return self._control(offset, up_to_date=True)
            case TextEvent(data, offset):
                # A piece that is not full holds all that there was.
                caught_up = offset >= self._end and len(data) < READ_BYTES
                return self._data(data.decode()) + self._control(offset, up_to_date=caught_up)
            case EndEvent(offset, response) if response is not None:
                return _frame(
                    {"streamNextOffset": offset_token(offset), "upToDate": True, "streamClosed": True}
                )
            case Heartbeat():
                return _HEARTBEAT
        return b""

    def _data(self, text: str) -> bytes:
        # The two halves of a line end may come in two pieces.
        if self._after_return and text.startswith("\n"):
            text = text[1:]
            self._after_return = False
        if not text:
            return b""
        self._after_return = text.endswith("\r")
        lines = "".join(f"data: {line}\n" for line in _LINE_END.split(text))
        return f"event: data\n{lines}\n".encode()

    def _control(self, offset: int, *, up_to_date: bool) -> bytes:
        self._cursor = next_cursor(self._cursor)
        fields = {"streamNextOffset": offset_token(offset), "streamCursor": self._cursor}
        return _frame({**fields, "upToDate": True} if up_to_date else fields)


def _frame(control: dict[str, Any]) -> bytes:
    return b"event: control\ndata: %b\n\n" % msgspec.json.encode(control)
