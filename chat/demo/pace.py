"""A text cut into deltas, and the moment at which each is due."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

SIZES = (5, 9, 3, 14, 7, 2, 11, 6, 12, 4)
"""Characters of one delta after the other: about what a tokenizer gives, and never twice the same rhythm."""
SLOWEST, FASTEST = 30.0, 60.0
"""Deltas per second; a real model's pace, slow enough to watch and fast enough not to wait."""
ANSWER_SECONDS = 5.0
"""What an answer should take; a short one is written slower and a long one faster, within the two bounds."""
THINKING_SECONDS = 0.4
"""Before the first delta, so that "thinking" can be seen."""


def cut(words: str) -> list[str]:
    """The text in pieces of 2 to 14 characters (the last may be shorter)."""
    return list(_pieces(words))


def _pieces(words: str) -> Iterator[str]:
    start = 0
    for size in cycle(SIZES):
        if start >= len(words):
            return
        yield words[start : start + size]
        start += size


def rate(deltas: int) -> float:
    """Deltas per second for an answer of that many."""
    return min(FASTEST, max(SLOWEST, deltas / ANSWER_SECONDS))
