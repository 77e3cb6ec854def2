"""Characters that Postgres and UTF-8 can hold, and their boundaries."""

from __future__ import annotations

# It stands for every character that cannot be stored, in the log and in the relayed text alike.
REPLACEMENT = "\ufffd"


def is_storable(text: str) -> bool:
    """Return True if Postgres takes the text: no NUL, no surrogates."""
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def storable(text: str) -> str:
    """Replace each NUL and lone surrogate by U+FFFD, and join two surrogates that make a pair."""
    if is_storable(text):
        return text
    # Through UTF-16, because there a high and a low surrogate side by side are one character again.
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", REPLACEMENT)


def is_boundary(data: bytes, offset: int) -> bool:
    """Return True if the offset (bytes) lies in the data or at its end, and not inside a UTF-8 character."""
    if not 0 <= offset <= len(data):
        return False
    return offset == len(data) or data[offset] & 0xC0 != 0x80


def utf8_floor(data: bytes, offset: int) -> int:
    """Return the greatest boundary at or below the offset (bytes), which is first clamped to the data."""
    offset = max(0, min(offset, len(data)))
    while not is_boundary(data, offset):
        offset -= 1
    return offset
