"""Texts of a data set: prompts and replies of made-up words with the word frequencies of a natural language."""

from __future__ import annotations

import html
import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

# A fixed seed gives the same texts every time, so that two runs can be compared.
SEED = 20_24
# Different texts; a message takes one of them.
PROMPTS, REPLIES = 2_000, 4_000
# Different words: about a person's daily vocabulary.
WORDS = 20_000
# Milliseconds between two arrivals of a stream: 25 a second.
RATE_MS = 40
# Milliseconds to the first arrival.
FIRST_MS = 400

_COMMON = """
the and for with from this that about report sales region table chart order customer invoice total month week list show
compare plan trip budget price number open closed late early north south east west blue green answer question
""".split()  # noqa: SIM905 - words read best as a text
_SYLLABLES = [a + b for a in "bdfgklmnprstv" for b in ("a", "e", "i", "o", "u", "an", "er", "il", "on", "ut")]


@dataclass(frozen=True, slots=True)
class SampleText:
    """One text: stored content, its readable part, and the arrival times of a reply."""

    number: int
    reply: bool
    content: str
    readable: str
    marks: bytes = b""


def texts() -> Iterator[SampleText]:
    """Yield all different texts, prompts first, each kind numbered from 0."""
    dice = random.Random(SEED)
    words = _vocabulary(dice)
    weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))

    def say(length: int) -> str:
        return " ".join(dice.choices(words, cum_weights=weights, k=length)).capitalize()

    for number in range(PROMPTS):
        said = say(dice.randint(4, 40)) + "?"
        yield SampleText(number, False, f'<content thesys="true">{html.escape(said)}</content>', said)
    for number in range(REPLIES):
        said = "\n".join(say(dice.randint(8, 60)) + "." for _ in range(dice.randint(1, 6)))
        content = f'<content thesys="true" version="2">{html.escape(said)}</content>'
        yield SampleText(number, True, content, said, _marks(len(content.encode()), dice))


def _vocabulary(dice: random.Random) -> list[str]:
    made = {"".join(dice.choices(_SYLLABLES, k=dice.randint(2, 4))) for _ in range(WORDS)}
    return [*_COMMON, *sorted(made)]


def _marks(length: int, dice: random.Random) -> bytes:
    """Return arrivals of about a dozen bytes each, in the log's format."""
    marks, at, left = bytearray(), FIRST_MS, length
    while left:
        size = min(left, dice.randint(6, 40))
        marks += struct.pack("<II", at, size)
        at, left = at + dice.randint(RATE_MS // 2, RATE_MS * 2), left - size
    return bytes(marks)
