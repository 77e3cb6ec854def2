"""The results of MCP tools as text for the model; pictures and files in them are kept for the user, and named in the text."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from chat.conf import settings
from chat.text import storable
from chat.tools.context import FileRefused, PictureRefused
from chat.tools.registry import RESULT_BYTES

# Pictures and files of one result; further ones are named like other media.
MAX_KEPT = 8
# Media types of texts, which some servers send in Base64.
_TEXT = re.compile(r"text/|application/(?:[\w.-]+\+)?(?:json|xml|yaml|toml)\b", re.IGNORECASE)
# Servers put the head of a `data:` URL ahead of Base64, and break its lines.
_HEAD = re.compile(r"\Adata:[^,]{0,200};base64,", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Keeping:
    """Stores pictures and files (name, media type, bytes) for the user and returns their paths, as a ToolContext does."""

    picture: Callable[[bytes], Awaitable[str]]
    file: Callable[[str, str, bytes], Awaitable[str]]


async def result_text(result: Any, keep: Keeping, notes: Sequence[str] = ()) -> str:
    """Return the text of a result: its texts, a note in brackets for every other block, and structured content once.

    A file of text is both: kept for the user, and read by the model.
    """
    texts, lines, left = [], [], MAX_KEPT
    for block in result.content:
        text = _text(block)
        if text is not None:
            texts.append(text)
        elif (data := _data(block)) is not None and left:
            left -= 1
            text = await _note_of_kept(block, data, keep)
        lines.append(_note(block) if text is None else text)
        if (inside := _decoded_text(block)) is not None:
            texts.append(inside)
            lines.append(inside)
    structured = result.structured_content
    if structured is not None and not _says(texts, structured):
        lines = [line for line in lines if line] + [msgspec.json.encode(structured).decode()]
    return "\n".join([*lines, *notes])


def block_text(block: Any) -> str:
    """Return the text of a block, or a note in brackets."""
    text = _text(block)
    if text is None:
        text = _decoded_text(block)
    return _note(block) if text is None else text


def _says(texts: Sequence[str], structured: Any) -> bool:
    """Return whether texts say what the structured content does, as servers add it for older clients.

    The official package wraps what is no object, as `{"result": …}`, and makes a text of each entry of a list. Longer texts
    than reach the model are not looked through: the structured content would come after the cut.
    """
    if sum(map(len, texts)) > RESULT_BYTES:
        return False
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
    resource = getattr(block, "resource", None)
    texts = (getattr(holder, "text", None) for holder in (block, resource))
    return next((text for text in texts if isinstance(text, str)), None)


def _decoded_text(block: Any) -> str | None:
    """Return the text that a block's resource has in Base64, None for other media."""
    resource = getattr(block, "resource", None)
    blob = getattr(resource, "blob", None)
    if not (
        resource and blob and _TEXT.match(resource.mime_type or "") and len(blob) <= _base64_characters()
    ):
        return None
    try:
        return storable(_decoded(blob).decode())
    except ValueError:
        return None


def _decoded(data: str) -> bytes:
    """Return the bytes of Base64 in any usual form. Raise ValueError for other text."""
    plain = "".join(_HEAD.sub("", data).split()).rstrip("=").translate({ord("-"): "+", ord("_"): "/"})
    return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)


def _base64_characters() -> int:
    """Return the length of the Base64 of a picture or file at most: four characters for three bytes, and its head."""
    return settings.attachment_bytes // 3 * 4 + 256


def _data(block: Any) -> str | None:
    """Return the Base64 of a block that may hold a picture or a file."""
    data = getattr(block, "data", None) if block.type == "image" else None
    return data or getattr(getattr(block, "resource", None), "blob", None) or None


async def _note_of_kept(block: Any, data: str, keep: Keeping) -> str | None:
    """Return the note of a block with the path of what it holds, or why that was not kept; None where it is no Base64."""
    if len(data) > _base64_characters():
        return _note(block, f"not kept: it has more than {settings.attachment_bytes} bytes")
    try:
        # In a thread: 2 MiB take 25 ms.
        decoded = await asyncio.to_thread(_decoded, data)
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
    """Return type, name, address, media type and description of a block, as far as it has them."""
    resource = getattr(block, "resource", block)
    values = (getattr(resource, field, None) for field in ("name", "uri", "mime_type", "description"))
    return f"[{' '.join([block.type, *(str(value) for value in values if value), *more])}]"
