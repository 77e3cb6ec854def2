"""Units of text (pages, sheets, slides, or a whole text file) cut into passages of bounded size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chat.files.extract.bounds import Unreadable

# Characters of a passage, about a page: what a search returns, and a model reads at once.
PASSAGE_CHARACTERS = 3_000


class Unit(NamedTuple):
    """A page, sheet, slide or text; `label` names it, and is empty for a text that is known by its lines."""

    label: str
    text: str


class Passage(NamedTuple):
    """A piece of a unit, with the unit's label or its own lines."""

    label: str
    text: str


def passages(units: Iterable[Unit], characters: int) -> Iterator[Passage]:
    """Yield the passages of the units. Raise Unreadable beyond so many characters in all, or without any text."""
    left, found = characters, False
    for unit in units:
        left -= len(unit.text)
        if left < 0:
            raise Unreadable(
                f"The file holds more than {characters} characters of text. Send the parts that matter.",
                "too_large",
            )
        for passage in _cut(unit):
            found = found or not passage.text.isspace()
            yield passage
    if not found:
        raise Unreadable(
            "The file holds no text. Pages that were scanned are pictures: send them as pictures.",
            "no_text",
        )


def _cut(unit: Unit) -> Iterator[Passage]:
    line, start, text = 1, 0, unit.text
    while start < len(text):
        end = _end(text, start)
        piece = text[start:end]
        breaks = piece.count("\n")
        last = line + breaks - piece.endswith("\n")
        yield Passage(unit.label or (f"line {line}" if last <= line else f"lines {line}-{last}"), piece)
        line, start = line + breaks, end


def _end(text: str, start: int) -> int:
    """Return the end of the passage from `start`: after the last line, or else the last word, that fits."""
    end = start + PASSAGE_CHARACTERS
    if end >= len(text):
        return len(text)
    for sign in "\n ":
        place = text.rfind(sign, start + PASSAGE_CHARACTERS // 2, end)
        if place > 0:
            return place + 1
    return end
