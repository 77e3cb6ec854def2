"""What Postgres and UTF-8 can hold, and where a character starts."""

from __future__ import annotations

REPLACEMENT = "\ufffd"  # what everything unstorable becomes, before log and relay alike


def is_storable(text: str) -> bool:
    """Whether Postgres takes the text: no NUL, no surrogates."""
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
    """The text with U+FFFD for each NUL and lone surrogate; two surrogates that make a pair become their character."""
    if is_storable(text):
        return text
    # Through UTF-16, because there a high and a low surrogate side by side are one character again.
    joined = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", REPLACEMENT)


def is_boundary(data: bytes, offset: int) -> bool:
    """Whether the offset (bytes) lies in the data or at its end, and not inside a UTF-8 character."""
    if not 0 <= offset <= len(data):
        return False
    return offset == len(data) or data[offset] & 0xC0 != 0x80


def utf8_floor(data: bytes, offset: int) -> int:
    """The greatest boundary at or below the offset (bytes), which is first clamped to the data."""
    offset = max(0, min(offset, len(data)))
    while not is_boundary(data, offset):
        offset -= 1
    return offset
