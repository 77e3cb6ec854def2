"""Decoding of server-sent events by the HTML standard, lenient towards the known oddities of models' servers.

An event cut off by the end is given out as well. Complete JSON objects on successive data lines are events of their own:
joined they would be no JSON, and some servers send one newline between events instead of two. JSON or HTML without any
framing is data, too: by the standard it would be ignored, but it is how gateways break off an answer.
"""

from __future__ import annotations

import re

from chat.llm.sse.updates import EventTooLarge

# A delta of 10 MiB must pass.
MAX_EVENT_BYTES = 16 * 1024 * 1024
# Of an event that has begun, which may be looked at again with each read.
BEGUN_BYTES = 65_536
BOM = b"\xef\xbb\xbf"

# Events with these names carry no part of an answer, whatever their data.
_KEEPALIVE_EVENT = re.compile(rb"ping|pong|keep[-_]?alive|heart[-_]?beat", re.IGNORECASE)
# Events that report an error: `error`, `stream_error`, `exception`, `response.failed`.
_ERROR_EVENT = re.compile(rb"\berr(or)?\b|error|exception|fail(ed|ure)", re.IGNORECASE)
# The beginnings of text without framing.
_UNFRAMED = (b"{", b"[", b"<")

# The seam of two events with one newline between them; none of these stands there in one JSON text of several lines.
_SEAM = re.compile(rb"\}\ndata: ?(?=[{\[:])")
_SEAM_BYTES = 9
# The same within joined data: no JSON text goes on so after a bracket, and no JSON string holds a newline.
_BETWEEN_OBJECTS = re.compile(rb"(?<=\})[ \t]*+\n\s*+(?=\{|\[DONE\])")


class EventDecoder:
    """A decoder of the payloads of server-sent events. Ids, comments and retry times are ignored.

    An event that reports an error becomes a payload `{"object":"error","error":…}` around its data.
    """

    __slots__ = ("_after_cr", "_at_start", "_max", "_one_newline", "_rest")

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_bytes
        self._rest = bytearray()
        self._at_start = True
        self._after_cr = False
        self._one_newline = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that these bytes complete. Raise EventTooLarge with the earlier ones of this read."""
        if self._after_cr or b"\r" in data:
            data = self._normalise(data)
        rest = self._rest
        if rest:
            new = len(data)
            # Looking at the seam only keeps a large event, which comes in many reads, from being scanned each time.
            complete = b"\n\n" in data or (rest.endswith(b"\n") and data.startswith(b"\n"))
            rest += data
            if not complete:
                blocks = self._whole_lines(new)
                self._check(rest, [])
                return self._payloads(blocks, False)
            data = bytes(rest)
            rest.clear()
        blocks = data.split(b"\n\n")
        rest += blocks.pop()
        if rest:
            blocks += self._whole_lines(len(rest))
        return self._payloads(blocks, len(data) > self._max)

    @property
    def held(self) -> int:
        """Return the number of bytes of the event that has begun."""
        return len(self._rest)

    @property
    def begun(self) -> bytes | None:
        """Return the bytes of the event that has begun; None for many of them, or where half a line break may follow."""
        return None if self._after_cr or len(self._rest) > BEGUN_BYTES else bytes(self._rest)

    def feed_instead(self, data: bytes) -> list[bytes]:
        """Return the payloads of whole events in place of the one that has begun."""
        self._rest.clear()
        return self.feed(data)

    def flush(self) -> list[bytes]:
        """Return the payload of an event that the end of the stream cut off from its blank line, if any."""
        block = bytes(self._rest)
        self._rest.clear()
        return self._payloads([block], False)

    def _whole_lines(self, new: int) -> list[bytes]:
        """Take the complete events off the rest where one newline separates them; `new`: its last bytes not seen yet."""
        rest = self._rest
        end = 0
        for seam in _SEAM.finditer(rest, max(0, len(rest) - new - _SEAM_BYTES)):
            end, self._one_newline = seam.start() + 2, True
        if self._one_newline and rest.endswith(b"}\n"):
            end = len(rest)
        lines = [bytes(rest[:end])] if end else []
        del rest[:end]
        return lines

    def _normalise(self, data: bytes) -> bytes:
        """Replace CR and CRLF by LF. A CR at the end of a read ends a line at once; an LF after it is dropped."""
        if self._after_cr and data:
            data = data.removeprefix(b"\n")
            self._after_cr = False
        if b"\r" not in data:
            return data
        self._after_cr = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _payloads(self, blocks: list[bytes], large: bool) -> list[bytes]:
        if self._at_start and blocks:
            blocks[0] = blocks[0].removeprefix(BOM)
            self._at_start = False
        payloads: list[bytes] = []
        for block in blocks:
            if large:
                self._check(block, payloads)
            if block.startswith(b"data: ") and b"\n" not in block:
                payloads.append(block[6:])
            else:
                payloads += _payloads_of(block)
        if large:
            self._check(self._rest, payloads)
        return payloads

    def _check(self, block: bytes | bytearray, payloads: list[bytes]) -> None:
        # A last newline may turn out to belong to the end of the event.
        if len(block) - block.endswith(b"\n") > self._max:
            error = EventTooLarge()
            error.payloads = payloads
            raise error


def _payloads_of(block: bytes) -> list[bytes]:
    """Return the joined data lines of one event; several payloads where they are complete objects, none without data."""
    lines: list[bytes] = []
    event, unframed = b"", False
    for line in block.split(b"\n"):
        name, _, value = line.partition(b":")
        name = name.strip().lower()
        if name == b"data":
            value = value.removeprefix(b" ")
            # No JSON text has a colon there: it is a comment sent as data.
            comment = value.startswith(b":") and (not lines or lines[-1].endswith(b"}"))
            lines += [] if comment else [value]
        elif name in (b"event", b"error"):
            event = value.strip() if name == b"event" else b"error"
            # llama.cpp sends an error as a field of that name instead of an event.
            lines += [value] if name == b"error" else []
        elif unframed or line.startswith(_UNFRAMED):
            unframed = True
            lines.append(line)
    if not lines or _KEEPALIVE_EVENT.fullmatch(event):
        return []
    data = b"\n".join(lines)
    if _ERROR_EVENT.search(event):
        return [b'{"object":"error","error":%b}' % (data.strip() or b"null")]
    if event not in (b"", b"message") and not data.lstrip().startswith(_UNFRAMED):
        return []  # words of an event of another kind, such as `open` or `progress`
    return _BETWEEN_OBJECTS.split(data) if len(lines) > 1 else [data]
