"""Pictures by their bytes: the format, the end, and the metadata, which may hold the location of a home.

jpeg    segments
chunks  PNG and WebP
gif     blocks
exif    orientation, the one part of the metadata that a viewer needs

Each format's `read` returns the picture from its start to its end, or None for one that is cut off or malformed. With
`strip` it leaves out metadata: the standard's own parts that draw the picture stay, everything else goes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from chat.schemas.pictures import chunks, gif, jpeg

Reader = Callable[..., bytes | None]

_READERS: tuple[tuple[bytes, str, Reader], ...] = (
    (chunks.PNG_SIGNATURE, "image/png", chunks.read_png),
    (b"\xff\xd8\xff", "image/jpeg", jpeg.read),
    (b"GIF87a", "image/gif", gif.read),
    (b"GIF89a", "image/gif", gif.read),
    (b"RIFF", "image/webp", chunks.read_webp),
)


class Picture(NamedTuple):
    """A picture's media type and bytes."""

    content_type: str
    data: bytes


def read_picture(data: bytes, *, strip: bool) -> Picture | None:
    """Return the PNG, JPEG, WebP or GIF at the start of `data`; None for other or malformed data."""
    for signature, content_type, read in _READERS:
        if data.startswith(signature):
            picture = read(data, strip=strip)
            return Picture(content_type, picture) if picture is not None else None
    return None
