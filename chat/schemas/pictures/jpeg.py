"""JPEG: segments up to the end marker. Phones write a film or a second picture behind it."""

from __future__ import annotations

import re

from chat.schemas.pictures import exif

# Segments of one picture; a photo has some twenty, its colour profile up to 255.
MAX_SEGMENTS = 10_000

# In coded data 0xff is followed by 0 or a restart marker (0xd0 to 0xd7).
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_END, _STANDALONE = 0xD9, (0x01, 0xD8)
_EXIF, _PROFILE, _COMMENT = 0xE1, 0xE2, 0xFE
# Application segments by which a picture is decoded: JFIF, and Adobe's kind of colours.
_KEPT = (0xE0, 0xEE)
_APPLICATION = range(0xE0, 0xF0)


def read(data: bytes, *, strip: bool) -> bytes | None:
    """Return the picture from its start to its end marker; None if it has none."""
    pieces: list[bytes] = []
    kept_from, position = 0, 2
    for _ in range(MAX_SEGMENTS):
        match = _MARKER.search(data, position)
        if match is None:
            return None
        marker, position = data[match.end() - 1], match.end()
        if marker == _END:
            return b"".join([*pieces, data[kept_from:position]])
        if marker in _STANDALONE:
            continue
        body = position + 2
        position += int.from_bytes(data[position:body])
        if position < body or position > len(data):
            return None
        if strip and _is_metadata(marker, payload := data[body:position]):
            pieces += data[kept_from : match.start()], _reduced(marker, payload)
            kept_from = position
    return None


def _is_metadata(marker: int, payload: bytes) -> bool:
    if marker == _PROFILE:
        return not payload.startswith(b"ICC_PROFILE\0")
    return marker == _COMMENT or (marker in _APPLICATION and marker not in _KEPT)


def _reduced(marker: int, payload: bytes) -> bytes:
    """Return the segment with the orientation alone, or nothing."""
    if marker != _EXIF or not payload.startswith(exif.PREFIX):
        return b""
    metadata = exif.orientation_alone(payload.removeprefix(exif.PREFIX))
    if not metadata:
        return b""
    body = exif.PREFIX + metadata
    return b"\xff\xe1" + (len(body) + 2).to_bytes(2) + body
