"""Pictures and files that clients send inside their messages as `data:` URLs (RFC 2397): stored like uploads, each once.

Clients send old messages along with a new one, so most of them are known already.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote_to_bytes

import msgspec

from chat.conf import settings
from chat.exceptions import BadRequest, UnsupportedMediaType
from chat.models import Role
from chat.schemas import Content, SendRequest, Turn
from chat.schemas.prompts import holds_data
from chat.schemas.validation import bounded
from chat.threads import attachments, uploads
from chat.threads.uploads import Upload, read_upload

Part = dict[str, Any]

_HEAD = re.compile(r"data:([^,;]{0,200})([^,]{0,200}),", re.IGNORECASE)


def stored(owner: int, request: SendRequest) -> SendRequest:
    """Return the request with references to stored files in place of their data, and to pictures where they come inline.

    Every other part stays verbatim. Runs in the transaction of the claim: a prompt that is refused leaves no file behind.
    Raise BadRequest, TooLarge and QuotaExceeded.
    """
    if request.inline_pictures:
        return _changed(request, lambda content, role: _stored(owner, content, role))
    if not any(map(_may_hold_files, (request.content, *(turn.content for turn in request.turns)))):
        return request
    return _changed(request, lambda content, _: _with_files(owner, content))


def stored_turns(owner: int, turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Return the messages of a conversation with references to stored pictures and files in place of their data."""
    return tuple(replace(turn, content=_stored(owner, turn.content, turn.role)) for turn in turns)


def _changed(request: SendRequest, change: Callable[[Content, str], Content]) -> SendRequest:
    turns, rounds = (
        tuple(replace(turn, content=change(turn.content, turn.role)) for turn in turns)
        for turns in (request.turns, request.rounds)
    )
    return replace(request, content=change(request.content, Role.USER), turns=turns, rounds=rounds)


def _may_hold_files(content: Content) -> bool:
    # A name may be written in escapes.
    return content.parts and ('"file_data"' in content.text or "\\u" in content.text)


def _with_files(owner: int, content: Content) -> Content:
    if not _may_hold_files(content):
        return content
    raws = msgspec.json.decode(content.text, type=list[msgspec.Raw])
    parts = [msgspec.json.decode(raw) for raw in raws]
    if not any(map(holds_data, parts)):
        return content
    shown = [
        _stored_file(owner, part) if holds_data(part) else raw for raw, part in zip(raws, parts, strict=True)
    ]
    return Content(msgspec.json.encode(shown).decode(), parts=True)


def _stored(owner: int, content: Content, role: str) -> Content:
    if content.parts:
        parts = msgspec.json.decode(content.text, type=list[Part])
        shown = [_stored_part(owner, part) for part in parts]
        content = Content(msgspec.json.encode(shown).decode(), parts=True)
    # A reply comes back as long as the server made it, and the result of a tool may be as long.
    long = role in (Role.ASSISTANT, Role.TOOL)
    bounded(content.text, settings.text_bytes if long else settings.content_bytes)
    return content


def _stored_part(owner: int, part: Part) -> Part:
    if part.get("type") == "file":
        return _stored_file(owner, part) if holds_data(part) else part
    if part.get("type") != "image_url":
        return part
    url = part["image_url"]["url"]
    if not url.startswith(attachments.PATH):
        url = attachments.PATH + uploads.store_once(owner, _picture(url)).public_id
    return {**part, "image_url": {"url": url}}


def _picture(url: str) -> Upload:
    """Return the picture of a `data:` URL. Raise BadRequest or TooLarge."""
    found = _data(url)
    if found is None:
        raise BadRequest("Send a picture as a `data:` URL, or as the path of an uploaded one.")
    try:
        return read_upload(found[1], "", "image/*")
    except UnsupportedMediaType:
        raise BadRequest("A picture must be a whole PNG, JPEG, WebP or GIF.") from None


def _stored_file(owner: int, part: Part) -> Part:
    """Return a file's part with the id of the stored file; a picture becomes a part of its own kind."""
    file = part["file"]
    # OpenAI takes the Base64 of a file without a head too.
    media, data = _data(file["file_data"]) or ("", _decoded(file["file_data"]))
    try:
        upload = read_upload(data, file.get("filename") or "", media)
    except UnsupportedMediaType as problem:
        raise BadRequest(problem.detail) from None
    row = uploads.store_once(owner, upload)
    if upload.kind is None:
        return {"type": "image_url", "image_url": {"url": attachments.PATH + row.public_id}}
    return {"type": "file", "file": {"file_id": row.public_id, "filename": row.name}}


def _data(url: str) -> tuple[str, bytes] | None:
    """Return the media type and the bytes of a `data:` URL, in Base64 or in escapes; None for another text."""
    head = _HEAD.match(url)
    if head is None:
        return None
    body, in_base64 = url[head.end() :], head[2].lower().endswith(";base64")
    return head[1].lower(), _decoded(body) if in_base64 else unquote_to_bytes(body)


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest("The Base64 of a picture or file cannot be read.") from None
