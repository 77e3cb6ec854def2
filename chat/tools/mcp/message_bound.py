"""Bounds of one message of an MCP server, counted while it arrives, before the package makes objects of it."""

from __future__ import annotations

# Of one message: pictures of a result come in Base64.
MESSAGE_BYTES = 8 * 1024 * 1024
# The package takes 4 to 36 ms for as many, in the event loop; 8 MiB of nested lists took 6 s. 100 tools have some 10,000.
MESSAGE_VALUES = 50_000
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
        """Return how many strings, commas and opening brackets there were, which is the number of values or more."""
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
        self._marks += sum(outside.count(mark) for mark in (b",", b"[", b"{"))
