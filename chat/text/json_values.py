"""The number of values in JSON, counted while it arrives, before objects are made of it."""

from __future__ import annotations

# Values for which a list or an object counts: it takes longer to make than a text or a number.
CONTAINER_VALUES = 4
# Bytes that are counted at a time.
_STEP = 65_536


class JsonValues:
    """A counter of the values of one JSON text, the parts of which may end anywhere."""

    def __init__(self) -> None:
        self._quotes = self._marks = 0
        self._escape = b""

    @property
    def count(self) -> int:
        """Return the number of strings and commas, and that of opening brackets by their weight: that of values, or more."""
        return self._marks + self._quotes // 2

    def exceed(self, most: int, data: bytes) -> bool:
        """Count a part; return whether there are more values now than `most`, after which the count goes no further."""
        for start in range(0, len(data), _STEP):
            self._add(data[start : start + _STEP])
            if self.count > most:
                return True
        return False

    def _add(self, data: bytes) -> None:
        data = self._escape + data
        # An escape that is cut in two is put together with the next part.
        self._escape = b"\\" * ((len(data) - len(data.rstrip(b"\\"))) % 2)
        data = data.removesuffix(self._escape)
        pieces = data.replace(b"\\\\", b"").replace(b'\\"', b"").split(b'"')
        outside = b"".join(pieces[self._quotes % 2 :: 2])
        self._quotes += len(pieces) - 1
        self._marks += outside.count(b",") + CONTAINER_VALUES * (outside.count(b"[") + outside.count(b"{"))
