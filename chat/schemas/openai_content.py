"""Contents of messages in OpenAI's two protocols: texts, and lists of parts with texts and pictures."""

from __future__ import annotations

from typing import Any

import msgspec

from chat.exceptions import BadRequest
from chat.schemas.prompts import Content

# Roles of messages as they are stored.
ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}

_TEXTS = ("text", "input_text", "output_text")
_PICTURES = ("image_url", "input_image")


class _Address(msgspec.Struct):
    url: str


class Part(msgspec.Struct):
    """A part of a content: `text` and `image_url` of chat completions, `input_…` and `output_…` of responses."""

    type: str
    text: str = ""
    refusal: str = ""
    image_url: _Address | str | None = None


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
    if part.type not in _PICTURES or part.image_url is None:
        raise BadRequest(f"`{where}` may hold parts of text and pictures with their address.")
    url = part.image_url if isinstance(part.image_url, str) else part.image_url.url
    return {"type": "image_url", "image_url": {"url": url}}
