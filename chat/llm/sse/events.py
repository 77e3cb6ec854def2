"""Decoding of server-sent events by the HTML standard; an event cut off by the end is given out as well."""

from __future__ import annotations

from chat.llm.sse.updates import EventTooLarge

# A delta of 10 MiB must pass.
MAX_EVENT_BYTES = 16 * 1024 * 1024
BOM = b"\xef\xbb\xbf"


class EventDecoder:
    """A decoder of the payloads of server-sent events. Names, ids, comments and retry times are ignored."""

    def __init__(self, max_bytes: int = MAX_EVENT_BYTES) -> None:
        self._max = max_bytes
        self._rest = bytearray()
        self._at_start = True
        self._after_cr = False

    def feed(self, data: bytes) -> list[bytes]:
        """Return the payloads that these bytes complete. Raise EventTooLarge with the earlier ones of this read."""
        if self._after_cr or b"\r" in data:
            data = self._normalise(data)
        rest = self._rest
        if rest:
            # Looking at the seam only keeps a large event, which comes in many reads, from being scanned each time.
            complete = b"\n\n" in data or (rest.endswith(b"\n") and data.startswith(b"\n"))
            rest += data
            if not complete:
                self._check(rest, [])
                return []
            data = bytes(rest)
            rest.clear()
        blocks = data.split(b"\n\n")
        rest += blocks.pop()
        return self._payloads(blocks, len(data) > self._max)

    def flush(self) -> list[bytes]:
        """Return the payload of an event that the end of the stream cut off from its blank line, if any."""
        block = bytes(self._rest)
        self._rest.clear()
        return self._payloads([block], False)

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
            elif (payload := _payload(block)) is not None:
                payloads.append(payload)
        if large:
            self._check(self._rest, payloads)
        return payloads

    def _check(self, block: bytes | bytearray, payloads: list[bytes]) -> None:
        # A last newline may turn out to belong to the end of the event.
        if len(block) - block.endswith(b"\n") > self._max:
            error = EventTooLarge()
            error.payloads = payloads
            raise error


def _payload(block: bytes) -> bytes | None:
    """Return the data lines of one event, joined; None without any."""
    lines = []
    for line in block.split(b"\n"):
        name, _, value = line.partition(b":")
        if name == b"data":
            lines.append(value.removeprefix(b" "))
    return b"\n".join(lines) if lines else None
