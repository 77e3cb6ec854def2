"""The results of MCP tools as text for the model; pictures and files in them are kept for the user, and named in the text."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from chat.conf import settings
from chat.text import storable
from chat.tools.context import FileRefused, PictureRefused

# Pictures and files of one result; further ones are named like other media.
MAX_KEPT = 8


@dataclass(frozen=True, slots=True)
class Keeping:
    """Stores pictures and files (name, media type, bytes) for the user and returns their paths, as a ToolContext does."""

    picture: Callable[[bytes], Awaitable[str]]
    file: Callable[[str, str, bytes], Awaitable[str]]


async def result_text(result: Any, keep: Keeping, notes: Sequence[str] = ()) -> str:
    """Return the text of a result: its texts, a note in brackets for every other block, and structured content once."""
    texts, lines, left = [], [], MAX_KEPT
    for block in result.content:
        text = _text(block)
        if text is not None:
            texts.append(text)
        elif (data := _data(block)) is not None and left:
            left -= 1
            text = await _note_of_kept(block, data, keep)
        lines.append(_note(block) if text is None else text)
    structured = result.structured_content
    if structured is not None and not _says(texts, structured):
        lines = [line for line in lines if line] + [msgspec.json.encode(structured).decode()]
    return "\n".join([*lines, *notes])


def block_text(block: Any) -> str:
    """Return the text of a block, or a note in brackets."""
    text = _text(block)
    return _note(block) if text is None else text


def _says(texts: Sequence[str], structured: Any) -> bool:
    """Return whether texts say what the structured content does, as servers add it for older clients.

    The official package wraps what is no object, as `{"result": …}`, and makes a text of each entry of a list.
    """
    values = [_parsed(text) for text in texts]
    said = [*texts, *values, list(texts), values]
    return structured in said or (
        isinstance(structured, dict) and structured.keys() == {"result"} and structured["result"] in said
    )


def _parsed(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        return text


def _text(block: Any) -> str | None:
    """Return the text of a block or of its resource, None for other media."""
    texts = (getattr(holder, "text", None) for holder in (block, getattr(block, "resource", None)))
    return next((text for text in texts if isinstance(text, str)), None)


def _data(block: Any) -> str | None:
    """Return the Base64 of a block that may hold a picture or a file."""
    data = getattr(block, "data", None) if block.type == "image" else None
    return data or getattr(getattr(block, "resource", None), "blob", None) or None


async def _note_of_kept(block: Any, data: str, keep: Keeping) -> str | None:
    """Return the note of a block with the path of what it holds, or why that was not kept; None where it is no Base64."""
    # Base64 has four characters for three bytes.
    if len(data) > settings.attachment_bytes // 3 * 4 + 4:
        return _note(block, f"not kept: it has more than {settings.attachment_bytes} bytes")
    try:
        decoded = base64.b64decode(data, validate=True)
    except ValueError:
        return None
    try:
        return _note(block, await _kept(block, decoded, keep))
    except (PictureRefused, FileRefused) as problem:
        return _note(block, f"not kept: {problem}")


async def _kept(block: Any, data: bytes, keep: Keeping) -> str:
    """Keep a picture, known by its bytes, or the file of a resource; return the path. Raise PictureRefused or FileRefused."""
    resource = getattr(block, "resource", None)
    try:
        return await keep.picture(data)
    except PictureRefused:
        if resource is None or (resource.mime_type or "").startswith("image/"):
            raise
    return await keep.file(_file_name(str(resource.uri)), storable(resource.mime_type or ""), data)


def _file_name(address: str) -> str:
    """Return the last part of a resource's address."""
    try:
        return storable(unquote(PurePosixPath(urlsplit(address).path).name))
    except ValueError:
        return ""


def _note(block: Any, *more: str) -> str:
    """Return type, name, address and media type of a block, as far as it has them."""
    resource = getattr(block, "resource", block)
    values = (getattr(resource, field, None) for field in ("name", "uri", "mime_type"))
    return f"[{' '.join([block.type, *(str(value) for value in values if value), *more])}]"
