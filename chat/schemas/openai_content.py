"""Contents of messages in OpenAI's two protocols: texts, and lists of parts with texts and pictures."""

from __future__ import annotations

from typing import Any

import msgspec

from chat.exceptions import BadRequest
from chat.schemas.prompts import UPLOADS, Content, check_file
from chat.schemas.validation import checked_id

# Roles of messages as they are stored.
ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}

_TEXTS = ("text", "input_text", "output_text")
_PICTURES = ("image_url", "input_image")
_FILES = ("file", "input_file")


class _Address(msgspec.Struct):
    url: str


class _File(msgspec.Struct, omit_defaults=True):
    file_id: str | None = None
    file_data: str | None = None
    filename: str | None = None


class Part(msgspec.Struct):
    """A part of a content: `text`, `image_url`, `file` of chat completions, `input_…` and `output_…` of responses."""

    type: str
    text: str = ""
    refusal: str = ""
    image_url: _Address | str | None = None
    file: _File | None = None
    file_id: str | None = None
    file_data: str | None = None
    filename: str | None = None


def content_of(value: str | list[Part] | None, where: str) -> Content:
    """Return a content as it is stored; one of text alone becomes that text. Raise BadRequest.

    Its size is checked when its pictures are stored.
    """
    if isinstance(value, list):
        parts = [_part(part, where) for part in value]
        if any(part["type"] != "text" for part in parts):
            return Content(msgspec.json.encode(parts).decode(), parts=True)
        value = "".join(part["text"] for part in parts)
    if not value:
        raise BadRequest(f"`{where}` must be text, or a list of parts, and not empty.")
    return Content(value)


def _part(part: Part, where: str) -> dict[str, Any]:
    """Return the stored form of a part. Raise BadRequest for other media."""
    if part.type in _TEXTS:
        return {"type": "text", "text": part.text}
    if part.type == "refusal":
        return {"type": "text", "text": part.refusal}
    if part.type in _FILES:
        return _file_part(part)
    if part.type == "input_image" and part.file_id is not None:
        return {"type": "image_url", "image_url": {"url": UPLOADS + checked_id(part.file_id, "file_id")}}
    if part.type not in _PICTURES or part.image_url is None:
        raise BadRequest(
            f"`{where}` may hold parts of text, pictures with their address or id, and files with id or data."
        )
    url = part.image_url if isinstance(part.image_url, str) else part.image_url.url
    return {"type": "image_url", "image_url": {"url": url}}


def _file_part(part: Part) -> dict[str, Any]:
    """Return the stored form of a file's part. Raise BadRequest for one with neither id nor data."""
    own = _File(part.file_id, part.file_data, part.filename)
    file = msgspec.to_builtins(own if part.type == "input_file" else part.file)
    check_file(file)
    return {"type": "file", "file": file}
