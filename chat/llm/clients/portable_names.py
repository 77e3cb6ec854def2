"""Names of tools that every provider takes, also of tools that a client declares or a model made up."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection

# OpenAI's pattern, and Gemini's first letter (google-gemini/gemini-cli#2966).
_ODD, _FIRST, MAX_CHARACTERS = re.compile("[^A-Za-z0-9_-]"), re.compile("[A-Za-z_]"), 64
# Of the digest that tells two names apart that would be the same: 32 bits, for at most 128 tools.
_DIGEST_CHARACTERS = 8


def portable(name: str) -> str:
    """Return a name in the form that every provider takes; it may be that of another tool."""
    name = _ODD.sub("_", name)
    return (name if _FIRST.match(name) else f"_{name}")[:MAX_CHARACTERS]


def told_apart(names: Collection[str]) -> dict[str, str]:
    """Return other portable names for those whose `portable` one is that of another of them: providers refuse it twice.

    A name that needs no change keeps it.
    """
    uses = Counter(map(portable, set(names)))
    return {name: _with_digest(name) for name in names if uses[short := portable(name)] > 1 and short != name}


def _with_digest(name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_CHARACTERS]
    return f"{portable(name)[: MAX_CHARACTERS - _DIGEST_CHARACTERS - 1]}_{digest}"
