"""Encodings that the readers of one log share."""

from __future__ import annotations

from typing import Any

# The encodings of one event, each under a key that names all on which it depends besides the event.
Encodings = dict[tuple[object, ...], Any]


class SharedEncodings:
    """The encodings of the bytes that were read last: readers come to a delta one right after the other.

    Those who read other bytes meanwhile get encodings of their own, so no more than one event's are kept.
    """

    __slots__ = ("_encodings", "_span")

    def __init__(self) -> None:
        self._span = (0, 0)
        self._encodings: Encodings = {}

    def at(self, start: int, stop: int) -> Encodings:
        if self._span != (start, stop):
            self._span, self._encodings = (start, stop), {}
        return self._encodings


class ReadTogether:
    """Bytes that several readers may read at once. What they share is made with the second one, whom most answers lack."""

    __slots__ = ("_encodings",)

    def __init__(self) -> None:
        self._encodings: SharedEncodings | None = None

    def shared(self, start: int, stop: int) -> Encodings:
        """Return the encodings of these bytes that their readers share."""
        if self._encodings is None:
            self._encodings = SharedEncodings()
        return self._encodings.at(start, stop)
