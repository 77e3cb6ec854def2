"""PNG and WebP: chunks with a type and a length."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import islice

from chat.schemas.pictures import exif

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Chunks of one picture: one for each 8 KiB of a large PNG, several for each frame of an animation.
MAX_CHUNKS = 100_000

# Bytes of the head: width and height of four each, and five kinds.
_PNG_HEAD = 13
# Optional chunks by which a PNG is drawn: transparency, colours, resolution, animation. Required ones begin with a capital.
_PNG_KEPT = frozenset(
    b"tRNS gAMA cHRM sRGB iCCP cICP mDCV cLLI sBIT bKGD hIST pHYs sPLT acTL fcTL fdAT".split()
)
_WEBP_KINDS = (b"VP8 ", b"VP8L", b"VP8X")
_WEBP_KEPT = frozenset((*_WEBP_KINDS, b"ICCP", b"ANIM", b"ANMF", b"ALPH"))
_WEBP_EXIF, _WEBP_XMP = 0x08, 0x04

# A chunk's type, its content, and all its bytes.
Chunk = tuple[bytes, bytes, bytes]


def read_png(data: bytes, *, strip: bool) -> bytes | None:
    """Return the picture from its signature to its end chunk; None if it has none, or nothing to draw."""
    pieces, drawn = [PNG_SIGNATURE], False
    for kind, content, whole in _png_chunks(data):
        if len(pieces) == 1 and not (kind == b"IHDR" and _has_size(content)):
            return None
        drawn |= kind == b"IDAT"
        kept = not strip or kind[:1].isupper() or kind in _PNG_KEPT
        pieces.append(whole if kept else _png_metadata(kind, content))
        if kind == b"IEND":
            return b"".join(pieces) if drawn else None
    return None


def _has_size(head: bytes) -> bool:
    """Return whether a PNG's head has its length, and a width and a height that are not 0."""
    return len(head) == _PNG_HEAD and any(head[:4]) and any(head[4:8])


def _png_chunks(data: bytes) -> Iterator[Chunk]:
    position = len(PNG_SIGNATURE)
    for _ in range(MAX_CHUNKS):
        body = position + 8
        end = body + int.from_bytes(data[position : position + 4]) + 4
        if end > len(data):
            return
        yield data[position + 4 : body], data[body : end - 4], data[position:end]
        position = end


def _png_metadata(kind: bytes, content: bytes) -> bytes:
    metadata = exif.orientation_alone(content) if kind == b"eXIf" else b""
    if not metadata:
        return b""
    checked = kind + metadata
    return len(metadata).to_bytes(4) + checked + zlib.crc32(checked).to_bytes(4)


def read_webp(data: bytes, *, strip: bool) -> bytes | None:
    """Return the picture up to the length that its head names; None if it is shorter."""
    end = int.from_bytes(data[4:8], "little") + 8
    # Some writers leave out the last byte, which only pads.
    first = 20 + int.from_bytes(data[16:20], "little")
    if data[8:12] != b"WEBP" or data[12:16] not in _WEBP_KINDS or not first <= end <= len(data) + 1:
        return None
    if not strip:
        return data[:end]
    chunks = list(islice(_webp_chunks(data[:end]), MAX_CHUNKS + 1))
    if len(chunks) > MAX_CHUNKS:
        return None
    pieces = [_webp_chunk(*chunk) for chunk in chunks]
    flags = _WEBP_EXIF if any(piece.startswith(b"EXIF") for piece in pieces) else 0
    body = b"WEBP" + b"".join(_with_flags(piece, flags) for piece in pieces)
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _webp_chunks(data: bytes) -> Iterator[Chunk]:
    position = 12
    while (body := position + 8) <= len(data):
        size = int.from_bytes(data[position + 4 : body], "little")
        end = body + size + size % 2
        yield data[position : position + 4], data[body : body + size], data[position:end]
        position = end


def _webp_chunk(kind: bytes, content: bytes, whole: bytes) -> bytes:
    if kind in _WEBP_KEPT:
        return whole
    metadata = exif.orientation_alone(content.removeprefix(exif.PREFIX)) if kind == b"EXIF" else b""
    return b"EXIF" + len(metadata).to_bytes(4, "little") + metadata if metadata else b""


def _with_flags(chunk: bytes, metadata: int) -> bytes:
    """Return a chunk, the extended head with the flags of the metadata that is left."""
    if not chunk.startswith(b"VP8X") or len(chunk) < 9:
        return chunk
    flags = (chunk[8] & ~(_WEBP_EXIF | _WEBP_XMP)) | metadata
    return chunk[:8] + bytes([flags]) + chunk[9:]
