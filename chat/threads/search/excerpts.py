"""Excerpts of search hits: text around the first match, found in time linear in the text and bounded per term."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from chat.text.search_terms import JOINERS, LETTER, Term, fold

# Characters, two lines of a thread list.
EXCERPT_CHARACTERS = 160
# Characters of context ahead of the first match.
BEFORE_CHARACTERS = 40
# Characters searched at once: a quick call into C each, between which other threads run.
WINDOW_CHARACTERS = 4_096
# Characters that two windows share, so that a word on their border is whole in one of them.
OVERLAP_CHARACTERS = 128
# Voice marks of halfwidth katakana, which fold into the character before them.
HALFWIDTH_MARKS = "\uff9e\uff9f"
_SPACE = re.compile(r"\s+")
_REST_OF_WORD = re.compile(f"{LETTER}*")
# Places inside other words that are skipped for one term in one window.
MAX_SKIPPED = 16
# Signs within words and numbers that a query may leave out.
JOINING = JOINERS + ","
_WITHOUT_JOINING = str.maketrans("", "", JOINING)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Text around the first match, and the character ranges in it that matched.

    `thinking`: it is from a model's thought. `message`: the public id of the best match, None where only the title matched.
    """

    text: str
    ranges: list[tuple[int, int]]
    thinking: bool = False
    message: str | None = None


def excerpt(text: str, terms: list[Term], *, thinking: bool = False, message: str | None = None) -> Excerpt:
    """Return the part of a text that contains the terms."""
    start = _start(text, _first_match(text, terms))
    part = text[start : start + EXCERPT_CHARACTERS]
    return Excerpt(part, list(_ranges(part, terms)), thinking, message)


def _start(text: str, match: int) -> int:
    """Return where the context ahead of a match begins: with a word, unless one is longer than the context."""
    start = max(0, match - BEFORE_CHARACTERS)
    if start == 0 or text[start - 1].isspace():
        return start
    space = _SPACE.search(text, start, match)
    return space.end() if space else start


def _first_match(text: str, terms: list[Term]) -> int:
    """Return about where the first term stands; one that begins a word goes ahead of others. 0 without any."""
    inside = 0
    for start in range(0, len(text), WINDOW_CHARACTERS):
        window = text[start : start + WINDOW_CHARACTERS + OVERLAP_CHARACTERS]
        folded = fold(window)
        if found := [at for term in terms if (at := _find(folded, term)) is not None]:
            return start + _unfolded(window, min(found))
        if not inside and (anywhere := [at for term in terms if (at := folded.find(term.text)) >= 0]):
            inside = start + _unfolded(window, min(anywhere))
    return inside or _first_joined(text, terms)


def _first_joined(text: str, terms: list[Term]) -> int:
    """Return where the first term stands that the text writes with signs in it; 0 without any."""
    for start in range(0, len(text), WINDOW_CHARACTERS):
        window = text[start : start + WINDOW_CHARACTERS + OVERLAP_CHARACTERS]
        joined = fold(window).translate(_WITHOUT_JOINING)
        if not any(term.text in joined for term in terms):
            continue
        folded, origins = _folded(window, JOINING)
        if found := [at for term in terms if (at := _find(folded, term)) is not None]:
            return start + origins[min(found)]
    return 0


def _find(folded: str, term: Term) -> int | None:
    at = folded.find(term.text)
    for _ in range(MAX_SKIPPED):
        if at < 0:
            return None
        if term.spaceless or _begins_word(folded, at):
            return at
        at = folded.find(term.text, at + 1)
    return None


def _begins_word(folded: str, at: int) -> bool:
    return at == 0 or not folded[at - 1].isalnum()


def _unfolded(window: str, at: int) -> int:
    """Return the index in a window of the character that is at this index once it is folded."""
    if window.isascii():
        return at
    length = 0
    for start, cluster in _clusters(window):
        length += len(fold(cluster))
        if length > at:
            return start
    return len(window)


def _clusters(text: str) -> Iterator[tuple[int, str]]:
    """Yield each character with the combining characters after it: they may fold into one."""
    start = 0
    for at in range(1, len(text) + 1):
        if at == len(text) or not (unicodedata.combining(text[at]) or text[at] in HALFWIDTH_MARKS):
            yield start, text[start:at]
            start = at


def _ranges(part: str, terms: list[Term]) -> Iterator[tuple[int, int]]:
    """Yield where the terms stand in an excerpt, as disjoint ranges in order."""
    for skipped in ("", JOINING):
        folded, origins = _folded(part, skipped)
        found = _merged(match for term in terms for match in _matches(folded, term))
        if found:
            # To behind the last character, not to the next one, ahead of which some may be skipped.
            spans = (
                (origins[start], origins[stop - 1] + 1 if skipped else origins[stop]) for start, stop in found
            )
            yield from (span for span in spans if span[0] < span[1])
            return


def _folded(text: str, skipped: str) -> tuple[str, list[int]]:
    """Return the folded text without the skipped characters, and where each of its characters stands; then its end."""
    folded, origins = "", list[int]()
    for start, cluster in _clusters(text):
        piece = fold(cluster)
        if not piece or piece not in skipped:
            folded += piece
            origins += [start] * len(piece)
    return folded, [*origins, len(text)]


def _matches(folded: str, term: Term) -> list[tuple[int, int]]:
    """Return where a term stands: at the beginning of words, or else inside them, with the rest of the word."""
    found = list(_occurrences(folded, term))
    return [span for span in found if _begins_word(folded, span[0])] or found


def _occurrences(folded: str, term: Term) -> Iterator[tuple[int, int]]:
    # Not by a pattern: Python keeps up to 512 of them, of whatever was searched for.
    at = folded.find(term.text)
    while at >= 0:
        stop = at + len(term.text)
        rest = None if term.spaceless else _REST_OF_WORD.match(folded, stop)
        stop = rest.end() if rest else stop
        yield at, stop
        at = folded.find(term.text, stop)


def _merged(matches: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(matches):
        if merged and start < merged[-1][1]:
            merged[-1] = merged[-1][0], max(stop, merged[-1][1])
        else:
            merged.append((start, stop))
    return merged
