"""GIF: a head, blocks, and a trailer."""

from __future__ import annotations

# Parts of all blocks together; encoders fill each with 255 bytes, so this is 50 MB.
MAX_PARTS = 200_000

_TRAILER, _IMAGE, _EXTENSION = 0x3B, 0x2C, 0x21
_COMMENT, _APPLICATION = 0xFE, 0xFF
# Applications whose blocks draw the picture: the loop of an animation, and the colour profile.
_KEPT_APPLICATIONS = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")


def read(data: bytes, *, strip: bool) -> bytes | None:
    """Return the picture from its head to its trailer; None if it is malformed or cut off.

    Many GIFs lack the trailer, or have other bytes ahead of it: as in browsers, what is no block ends a picture that is drawn.
    """
    try:
        return _read(data, strip=strip)
    except (IndexError, OverflowError):
        return None


def _read(data: bytes, *, strip: bool) -> bytes | None:
    position = 13 + _colours(data[10])
    pieces, budget, drawn = [data[:position]], MAX_PARTS, False
    while not _is_end(data, position, drawn):
        start = position
        drawn = data[start] == _IMAGE
        position += _head(data, start)
        while length := data[position]:
            position += length + 1
            budget -= 1
        position += 1
        budget -= 1
        if budget < 0:
            raise OverflowError
        if not (strip and _is_metadata(data, start)):
            pieces.append(data[start:position])
    return b"".join([*pieces, bytes([_TRAILER])])


def _is_end(data: bytes, position: int, drawn: bool) -> bool:
    if drawn:
        return position == len(data) or data[position] not in (_IMAGE, _EXTENSION)
    return data[position] == _TRAILER


def _head(data: bytes, start: int) -> int:
    """Return the number of bytes of a block before its parts. Raises IndexError if it is no block."""
    if data[start] == _EXTENSION:
        return 2
    if data[start] == _IMAGE:
        return 11 + _colours(data[start + 9])
    raise IndexError


def _colours(flags: int) -> int:
    """Return the bytes of a table of colours."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _is_metadata(data: bytes, start: int) -> bool:
    if data[start] != _EXTENSION:
        return False
    label = data[start + 1]
    return label == _COMMENT or (
        label == _APPLICATION and data[start + 3 : start + 14] not in _KEPT_APPLICATIONS
    )
