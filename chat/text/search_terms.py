"""Search terms of a text, made here since no parser of Postgres cuts scripts without spaces, and none folds accents.

- A word is one term, without accents and case. The parts of a compound (`parseConfig`, `v2`) are terms as well, and words
  joined by signs (`e-mail`, `node.js`) are one more term together, for others write them as one.
- Scripts without spaces give overlapping pairs of characters; the last character is a term of its own.
- Signs such as emoji are terms of their own.
- Numbers joined by signs (`3.11.2`, `192.168.1.7`, `2026-11-28`) are one term for each number they may be searched from.

Text and query are cut by the same rules, so whatever they fold, they fold alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

# Characters of a text that are searchable; an overlong text would not fit into a tsvector.
SEARCHED_CHARACTERS = 100_000
# Bytes of terms and positions; Postgres refuses a tsvector of 1 MiB.
VECTOR_BYTES = 900_000
# Characters whose terms are smaller in any case: each gives up to 40 bytes, where compounds have MAX_PARTS.
UNBOUNDED_CHARACTERS = 15_000
# Terms of one query: longer ones only serve to occupy a server.
MAX_QUERY_TERMS = 32
# Characters of a query, more than a search box shows.
QUERY_CHARACTERS = 1_000
# Characters of a term: longer words are hashes and encoded data.
TERM_CHARACTERS = 64
# Parts of one compound that are terms of their own.
MAX_PARTS = 8
# Positions kept of one term: more do not change its rank noticeably.
MAX_POSITIONS = 8
# The greatest position in a tsvector.
LAST_POSITION = 16_383

_SPACELESS = (
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff"
    "\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"  # Chinese, Japanese, Korean
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ece\u1000-\u1049\u1780-\u17d3"  # Thai, Lao, Burmese, Khmer
)
# Scripts of India, whose vowel signs are no letters for `\w`.
_INDIC = "\u0900-\u0963\u0966-\u0dff"
# A character of an ordinary word, for a regular expression.
LETTER = f"[^\\W_{_SPACELESS}{_INDIC}]"
# Currencies, arrows, mathematics, technical signs, and emoji.
_SIGNS = "\u20a0-\u20bf\u2190-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff"
_RUN = re.compile(f"{LETTER}+|[{_SPACELESS}]+|[{_INDIC}]+|[{_SIGNS}]")
# The same for ASCII, in half of the time.
_ASCII_RUN = re.compile("[0-9A-Za-z]+")
_IS_SPACELESS = re.compile(f"[{_SPACELESS}]")
# Accents of Latin, Greek and Cyrillic, points and the stretching line of Arabic, points of Hebrew, and invisible characters
# within words.
_MARKS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\u00ad\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U0001f3fb-\U0001f3ff]+"
)
# Letters of Arabic that are written for one another, and Persian ones; digits of both scripts; katakana and hiragana.
ALIKE = {
    "ةىکیہھٱ": "هيكيهها",
    "٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹": "01234567890123456789",
    "".join(map(chr, range(0x30A1, 0x30F7))): "".join(map(chr, range(0x3041, 0x3097))),
}
# Letters that Unicode does not decompose.
_PLAIN = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
) | str.maketrans("".join(ALIKE), "".join(ALIKE.values()))
_BORDER = re.compile(
    r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])"
    r"|(?<=\Aال)(?=\w{2})"  # behind the Arabic article
)
# Signs between the parts of a word. The pattern begins with them, since Python skips to a first character ten times as fast.
JOINERS = "-_.'’\u2010\u02bc\u05f3\u05f4"
_JOINER = re.compile(f"[{JOINERS}](?<={LETTER}.)(?={LETTER})")
_JOINED = re.compile(f"{LETTER}+(?:[{JOINERS}]{LETTER}+){{1,7}}")
_JOINERS = re.compile(f"[{JOINERS}]")
# Begins with a digit and looks behind it, since Python skips to a first character ten times as fast.
_NUMBERS = re.compile(r"[0-9](?<![0-9][0-9])[0-9]{0,31}(?:[.,:/-][0-9]{1,32}){1,15}")
_NUMBER = re.compile(r"[0-9]+")
# A number with its digits in groups, also ahead of a fraction.
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")


class Term(NamedTuple):
    """A term of a query; `prefix`: it matches every term that begins with it. `spaceless`: it may stand inside a word.

    `instead_of`: so many terms ahead of it need not be there where it is.
    """

    text: str
    prefix: bool
    spaceless: bool = False
    instead_of: int = 0


def fold(text: str) -> str:
    """Return the text without accents, case, and differences of encoding."""
    return _fold_case(_without_marks(text))


def _without_marks(text: str) -> str:
    if text.isascii():
        return text
    return unicodedata.normalize("NFC", _MARKS.sub("", unicodedata.normalize("NFKD", text)))


def _fold_case(text: str) -> str:
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFC", text.casefold().translate(_PLAIN)))


def search_vector(text: str) -> str:
    """Return the terms of a text as a tsvector literal."""
    found = _positions(_without_marks(text[:SEARCHED_CHARACTERS]))
    if len(text) > UNBOUNDED_CHARACTERS:
        found = dict(_bounded(found))
    return " ".join(
        [
            f"'{term}':{positions[0] if len(positions) == 1 else ','.join(map(str, positions))}"
            for term, positions in found.items()
        ]
    )


def _bounded(found: dict[str, list[int]]) -> Iterator[tuple[str, list[int]]]:
    left = VECTOR_BYTES
    for term, positions in found.items():
        left -= len(term.encode()) + 2 * len(positions) + 4
        if left < 0:
            return
        yield term, positions


def _positions(plain: str) -> dict[str, list[int]]:
    runs: dict[str, list[int]] = defaultdict(list)
    for number, run in enumerate((_ASCII_RUN if plain.isascii() else _RUN).findall(plain), 1):
        runs[run].append(number)
    found: dict[str, list[int]] = {}
    for run, positions in runs.items():
        for term in _terms(run):
            known = found.get(term)
            if known is None:
                found[term] = positions[:MAX_POSITIONS]
            else:
                known += positions[: MAX_POSITIONS - len(known)]
    if len(plain) > LAST_POSITION:
        found = {term: [min(one, LAST_POSITION) for one in positions] for term, positions in found.items()}
    for compound in dict.fromkeys(_NUMBERS.findall(plain)):
        for term in _number_terms(compound):
            found.setdefault(term, [1])
    for joined in dict.fromkeys(_joined_words(plain)):
        found.setdefault(joined, [1])
    return found


def _joined_words(plain: str) -> Iterator[str]:
    """Yield words that are joined by signs as one term each."""
    end = 0
    for sign in _JOINER.finditer(plain):
        start = sign.start()
        if start < end:
            continue
        while start > end and plain[start - 1].isalnum():
            start -= 1
        if found := _JOINED.match(plain, start):
            end = found.end()
            joined = _JOINERS.sub("", found[0])
            if not joined.isdigit():
                yield _fold_case(joined[:TERM_CHARACTERS])


def _terms(run: str) -> Iterable[str]:
    if run.isascii() and (
        run.isdigit() or (run.isalpha() and (run.islower() or run[1:].islower() or run.isupper()))
    ):
        # An ordinary word or a number, by far the most frequent kinds: they have no parts.
        return (run[:TERM_CHARACTERS].lower(),)
    return _pairs(run) if _IS_SPACELESS.match(run) else _word_terms(run)


def _pairs(run: str) -> list[str]:
    folded = _fold_case(run)
    return [folded[at : at + 2] for at in range(len(folded))]


def _word_terms(run: str) -> list[str]:
    run = run[:TERM_CHARACTERS]
    starts = [0, *(match.start() for match in _BORDER.finditer(run))]
    return [_fold_case(run[start:]) for start in starts[:MAX_PARTS]]


def _number_terms(compound: str) -> Iterator[str]:
    starts = [match.start() for match in _NUMBER.finditer(compound)][:-1]
    yield from (compound[start : start + TERM_CHARACTERS] for start in starts[:MAX_PARTS])
    if _GROUPED.fullmatch(compound):
        yield compound.replace(",", "")


def query_terms(words: str) -> list[Term]:
    """Return the terms of a query's different words, at most MAX_QUERY_TERMS."""
    chunks = dict.fromkeys(_without_marks(words[:QUERY_CHARACTERS]).split())
    return [term for chunk in chunks for term in _chunk_terms(chunk)][:MAX_QUERY_TERMS]


def _chunk_terms(chunk: str) -> Iterator[Term]:
    """Yield the terms of a query's word: its parts whole, the last one as a beginning."""
    for compound in _NUMBERS.findall(chunk):
        yield Term(compound[:TERM_CHARACTERS], True)
        if _GROUPED.fullmatch(compound):
            yield Term(compound.replace(",", "")[:TERM_CHARACTERS], True, instead_of=1)
    runs = _RUN.findall(_NUMBERS.sub(" ", chunk))
    for number, run in enumerate(runs, 1):
        if _IS_SPACELESS.match(run):
            yield from (Term(pair, len(run) == 1, True) for pair in _pairs(run)[: max(1, len(run) - 1)])
        else:
            yield Term(_fold_case(run[:TERM_CHARACTERS]), number == len(runs))
    joined = [*_joined_words(chunk)]
    if len(joined) == 1 and len(runs) == 1 + len(_JOINER.findall(chunk)):
        yield Term(joined[0], True, instead_of=len(runs))


def search_query(terms: Iterable[Term]) -> str:
    """Return a tsquery literal that asks for all of the terms; empty without terms."""
    parts: list[str] = []
    for term in terms:
        part = f"'{term.text}'{':*' if term.prefix else ''}"
        if term.instead_of:
            others = " & ".join(parts[-term.instead_of :])
            parts[-term.instead_of :] = [f"({others} | {part})"]
        else:
            parts.append(part)
    return " & ".join(parts)
