"""Types of pictures by their bytes: a declared type proves nothing."""

from __future__ import annotations

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"IEND\xaeB`\x82"
_GIFS = (b"GIF87a", b"GIF89a")


def content_type_of(data: bytes) -> str | None:
    """Return the type of a PNG, JPEG, WebP or GIF; None for other data, and for a picture that is cut off."""
    if data.startswith(_PNG) and data[12:16] == b"IHDR" and _PNG_END in data[-1024:]:
        return "image/png"
    if data.startswith(b"\xff\xd8\xff") and b"\xff\xd9" in data[-1024:]:
        return "image/jpeg"
    if data.startswith(_GIFS) and len(data) > 13 and b";" in data[-1024:]:
        return "image/gif"
    if data.startswith(b"RIFF") and data[8:16] in (b"WEBPVP8 ", b"WEBPVP8L", b"WEBPVP8X"):
        return "image/webp" if int.from_bytes(data[4:8], "little") + 8 <= len(data) + 1 else None
    return None
