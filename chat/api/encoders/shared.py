"""One encoding for all readers of a process that stand at the same place of a log in the same protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from chat.streams import TextEvent, ThoughtEvent

Encoded = TypeVar("Encoded")


def shared(
    event: TextEvent | ThoughtEvent, key: tuple[object, ...], encode: Callable[[str], Encoded]
) -> Encoded:
    """Return the encoding of an event's text, made by the first of its readers with this key.

    The key names all on which the encoding depends besides the event and the response.
    """
    encodings = event.encodings
    if encodings is None:
        return encode(event.data.decode())
    found: Encoded | None = encodings.get(key)
    if found is None:
        found = encodings[key] = encode(event.data.decode())
    return found
