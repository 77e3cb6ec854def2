"""The language of a question, by the words that only one of them has."""

from __future__ import annotations

import re
from collections import Counter

from .blocks import DATA, LIMITS

_WORDS = {language: re.compile(pattern) for language, pattern in DATA["languages"].items()}


def language_of(*texts: str) -> str:
    """Return "de" or "en": the language of the first text with more words of one; "en" if none has."""
    for text in texts:
        found = Counter(
            {name: len(words.findall(text[: LIMITS.read_characters])) for name, words in _WORDS.items()}
        )
        (first, most), (_, second) = found.most_common(2)
        if most > second:
            return first
    return "en"
