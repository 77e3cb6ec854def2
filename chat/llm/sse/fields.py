"""Fields that a provider sends beside text and calls and wants back: merged over deltas, never interpreted.

Text is joined, objects are updated, entries of lists are merged as OpenRouter's client does it: by their neighbourhood, for
all entries of a stream may have the index 0. Of any other value the last one stays.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from chat.text import storable

# The project's own fields of messages, calls and functions, and those of OpenAI's answers that no server wants back.
OWN_FIELDS = frozenset(
    {
        "role",
        "content",
        "tool_calls",
        "tool_call_id",
        "name",
        "id",
        "type",
        "index",
        "function",
        "arguments",
        "refusal",
        "function_call",
        "audio",
        "annotations",
        "logprobs",
    }
)

# Levels of objects and lists in a field; known ones have four.
MAX_DEPTH = 32
# Bytes that stand for a field that is too deep: beyond every bound.
TOO_DEEP = 2**62
# Bytes of a number and of the marks around a value, roughly.
MARKS = 8

# The fields of an entry that come in pieces: OpenRouter's, LiteLLM's.
_TEXTS = ("text", "summary", "thinking")
_JOINED = (*_TEXTS, "signature")
# The fields in which the pieces of an entry agree.
_LABELS = ("type", "index", "id")

# The largest whole number that encoders of JSON take.
_MAX_INTEGER = 2**63 - 1


class _Pieces(list[str]):
    """A text that is joined at the end: adding to a string again and again takes quadratic time."""

    def __init__(self, text: str) -> None:
        super().__init__((text,))
        self.length = len(text)

    def add(self, text: str) -> None:
        self.append(text)
        self.length += len(text)

    def equals(self, text: str) -> bool:
        return self.length == len(text) and "".join(self) == text


class FieldMerger:
    """A merger of the fields of one message or call. `size`: the bytes of all values so far, roughly."""

    def __init__(self) -> None:
        self.size = 0
        self._values: dict[str, Any] = {}

    def feed(self, fields: Mapping[str, Any]) -> None:
        """Add the fields of one delta."""
        for name, value in fields.items():
            self._values[name] = self._merged(self._values.get(name), value)

    def values(self) -> dict[str, Any]:
        """Return the merged fields, storable as JSON."""
        return {storable(name): _finished(value) for name, value in self._values.items()}

    def _merged(self, old: Any, new: Any) -> Any:
        if isinstance(new, list):
            entries = old if type(old) is list else []
            for entry in new:
                self._add_entry(entries, entry)
            return entries
        self.size += size_of(new)
        if isinstance(new, str):
            if not isinstance(old, _Pieces):
                return _Pieces(new)
            old.add(new)
            return old
        return {**old, **new} if isinstance(new, dict) and isinstance(old, dict) else new

    def _add_entry(self, entries: list[Any], entry: Any) -> None:
        last = entries[-1] if entries else None
        if isinstance(entry, dict) and isinstance(last, dict) and _continues(last, entry):
            self._continue(last, entry)
            return
        self.size += size_of(entry, 2)
        entries.append(_opened(entry) if isinstance(entry, dict) else entry)

    def _continue(self, last: dict[str, Any], entry: dict[str, Any]) -> None:
        """Add a piece to the last entry. A whole text that comes once more, with its signature, is not added."""
        repeats = bool(entry.get("signature"))
        for name, value in entry.items():
            old = last.get(name)
            if name in _JOINED and isinstance(value, str):
                if not (repeats and isinstance(old, _Pieces) and old.equals(value)):
                    last[name] = self._merged(old, value)
            elif value is not None and value != old:
                self.size += size_of(value, 3)
                last[name] = value


def _continues(last: dict[str, Any], entry: dict[str, Any]) -> bool:
    """Return whether an entry is a piece of the one before it. Encrypted `data` is whole; a signature ends a text."""
    if not any(isinstance(entry.get(name), str) for name in _JOINED):
        return False
    if any(entry.get(name) not in (None, last.get(name)) and last.get(name) is not None for name in _LABELS):
        return False
    old, new = last.get("signature"), entry.get("signature")
    if not isinstance(old, _Pieces) or not old.length or (isinstance(new, str) and old.equals(new)):
        return True
    return not any(entry.get(name) for name in _TEXTS)


def _opened(entry: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _Pieces(value) if name in _JOINED and isinstance(value, str) else value
        for name, value in entry.items()
    }


def size_of(value: Any, depth: int = 1) -> int:
    """Return the bytes of a value, roughly; TOO_DEEP for one whose objects and lists go beyond MAX_DEPTH levels."""
    if isinstance(value, str):
        return len(value) if value.isascii() else len(value.encode("utf-8", "surrogatepass"))
    if not isinstance(value, dict | list):
        return MARKS
    if depth > MAX_DEPTH:
        return TOO_DEEP
    if isinstance(value, list):
        return MARKS + sum(size_of(entry, depth + 1) for entry in value)
    return MARKS + sum(size_of(name) + size_of(entry, depth + 1) for name, entry in value.items())


def _finished(value: Any) -> Any:
    match value:
        case _Pieces():
            return storable("".join(value))
        case str():
            return storable(value)
        case dict():
            return {storable(name): _finished(entry) for name, entry in value.items()}
        case list():
            return [_finished(entry) for entry in value]
        case float() if not math.isfinite(value):
            return None
        case int() if abs(value) > _MAX_INTEGER:
            return _finished(_as_float(value))
    return value


def _as_float(value: int) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf
