"""Bounds of one message of an MCP server, counted while it arrives, before the package makes objects of it."""

from __future__ import annotations

# Of an event, a body or a line: pictures of a result come in Base64. The package, which takes 1 MiB of an event unless it is
# asked to take more, works up to 45 ms on it in the event loop: it also formats each event for its debug log.
MESSAGE_BYTES = 2 * 1024 * 1024
# In the JSON of a message: up to 45 ms again; 8 MiB of nested lists took 6 s. The tools of one page have some 20,000.
MESSAGE_VALUES = 60_000
# Values for which a list or an object counts: it takes longer to make than a text or a number.
CONTAINER_VALUES = 4
# Bytes that are counted at a time.
STEP = 65_536


class MessageTooLargeError(ValueError):
    """A message has more bytes or values than are taken."""


class MessageBound:
    """Counts the bytes and the values of a message in JSON, the parts of which may end anywhere."""

    def __init__(self) -> None:
        self._bytes = self._quotes = self._marks = 0
        self._escape = b""

    @property
    def values(self) -> int:
        """Return the number of strings and commas, and that of opening brackets by their weight: that of values, or more."""
        return self._marks + self._quotes // 2

    def add(self, data: bytes) -> None:
        """Count a part. Raise MessageTooLargeError beyond a bound."""
        self._bytes += len(data)
        if self._bytes > MESSAGE_BYTES:
            raise MessageTooLargeError(f"The message is too large: more than {MESSAGE_BYTES} bytes.")
        for start in range(0, len(data), STEP):
            self._count(data[start : start + STEP])
            if self.values > MESSAGE_VALUES:
                raise MessageTooLargeError(f"The message is too large: more than {MESSAGE_VALUES} values.")

    def _count(self, data: bytes) -> None:
        data = self._escape + data
        # An escape that is cut in two is put together with the next part.
        self._escape = b"\\" * ((len(data) - len(data.rstrip(b"\\"))) % 2)
        data = data.removesuffix(self._escape)
        pieces = data.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        outside = b"".join(pieces[self._quotes % 2 :: 2])
        self._quotes += len(pieces) - 1
        self._marks += outside.count(b",") + CONTAINER_VALUES * (outside.count(b"[") + outside.count(b"{"))
