"""The orientation in Exif metadata: viewers turn a photo by it."""

from __future__ import annotations

from typing import Literal

PREFIX = b"Exif\0\0"
UPRIGHT = 1

_ORIENTATION, _SHORT = 0x0112, 3
# Entries of a directory; cameras write some twenty.
_MAX_ENTRIES = 1_000


def orientation_alone(metadata: bytes) -> bytes:
    """Return Exif metadata (a TIFF file without prefix) that holds the orientation alone; empty if the photo is upright."""
    turned = _orientation(metadata)
    if turned == UPRIGHT:
        return b""
    entry = b"".join(number.to_bytes(size, "little") for number, size in _fields(turned))
    return b"II*\0\x08\0\0\0\x01\0" + entry + b"\0\0\0\0"


def _fields(turned: int) -> tuple[tuple[int, int], ...]:
    return (_ORIENTATION, 2), (_SHORT, 2), (1, 4), (turned, 4)


def _orientation(tiff: bytes) -> int:
    order: Literal["little", "big"] = "little" if tiff.startswith(b"II") else "big"

    def number(start: int, size: int) -> int:
        return int.from_bytes(tiff[start : start + size], order)

    directory = number(4, 4)
    for index in range(min(number(directory, 2), _MAX_ENTRIES)):
        entry = directory + 2 + 12 * index
        if number(entry, 2) == _ORIENTATION and number(entry + 2, 2) == _SHORT:
            turned = number(entry + 8, 2)
            return turned if 1 <= turned <= 8 else UPRIGHT
    return UPRIGHT
