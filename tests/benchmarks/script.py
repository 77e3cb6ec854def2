"""The script of the benchmark's model, written as the model's name."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Digits of a time in microseconds, which wraps after 27 hours.
STAMP_DIGITS = 11
STAMP_RANGE = 10**STAMP_DIGITS
# Begins each delta and stands nowhere else.
MARK = b"~"
# Bytes of a delta: the mark and the stamp.
SMALLEST = 1 + STAMP_DIGITS

_NAME = re.compile(rb"n(\d+)-b(\d+)-d(\d+)-t(\d+)")


@dataclass(frozen=True, slots=True)
class LoadScript:
    """`deltas` of `size` bytes, `pause` seconds apart, the first one after `wait` seconds."""

    deltas: int
    size: int = SMALLEST
    pause: float = 0.0
    wait: float = 0.0

    @property
    def name(self) -> str:
        """The script as the name of a model, with times in microseconds."""
        return f"n{self.deltas}-b{self.size}-d{self.pause * 1e6:.0f}-t{self.wait * 1e6:.0f}"

    @classmethod
    def of(cls, text: bytes) -> LoadScript:
        """Return the first script in a text. Raise ValueError where there is none."""
        found = _NAME.search(text)
        if found is None:
            raise ValueError("no script: the model's name is to be like n150-b12-d20000-t0")
        deltas, size, pause, wait = (int(number) for number in found.groups())
        return cls(deltas, max(size, SMALLEST), pause / 1e6, wait / 1e6)

    def text(self, stamp: int) -> bytes:
        """Return one delta, sent at `stamp` (microseconds; 0 in a burst, whose bytes are prepared)."""
        return MARK + b"%011d" % (stamp % STAMP_RANGE) + b"a" * (self.size - SMALLEST)
