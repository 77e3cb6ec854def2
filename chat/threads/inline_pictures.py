"""Pictures that clients send inside their messages as `data:` URLs (RFC 2397): stored like uploaded ones, each once.

Clients send old messages along with a new one, so most pictures are known already.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import replace
from typing import Any

import msgspec

from chat.conf import settings
from chat.exceptions import BadRequest, TooLarge
from chat.models import Attachment, Role, User
from chat.schemas import Content, SendRequest, Turn
from chat.schemas.pictures import Picture, read_picture
from chat.schemas.validation import bounded
from chat.threads import attachments

_DATA = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)


def store(owner: int, request: SendRequest) -> SendRequest:
    """Return the request with the paths of stored pictures in place of their data.

    Raise BadRequest for any other address or medium, TooLarge and QuotaExceeded.
    """
    content = _stored(owner, request.content, Role.USER)
    return replace(request, content=content, turns=stored_turns(owner, request.turns))


def stored_turns(owner: int, turns: tuple[Turn, ...]) -> tuple[Turn, ...]:
    """Return the messages of a conversation likewise."""
    return tuple(replace(turn, content=_stored(owner, turn.content, turn.role)) for turn in turns)


def _stored(owner: int, content: Content, role: str) -> Content:
    if content.parts:
        parts = msgspec.json.decode(content.text, type=list[dict[str, Any]])
        shown = [_stored_part(owner, part) for part in parts]
        content = Content(msgspec.json.encode(shown).decode(), parts=True)
    # A reply comes back as long as the server made it.
    bounded(content.text, settings.text_bytes if role == Role.ASSISTANT else settings.content_bytes)
    return content


def _stored_part(owner: int, part: dict[str, Any]) -> dict[str, Any]:
    if part.get("type") != "image_url":
        return part
    url = part["image_url"]["url"]
    if not url.startswith(attachments.PATH):
        url = attachments.PATH + _same_or_new(owner, _picture(url)).public_id
    return {**part, "image_url": {"url": url}}


def _picture(url: str) -> Picture:
    """Return the picture of a `data:` URL. Raise BadRequest or TooLarge."""
    head = _DATA.match(url)
    if head is None:
        raise BadRequest("Send a picture as a `data:` URL in Base64, or as the path of an uploaded one.")
    try:
        data = base64.b64decode(url[head.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise BadRequest("The Base64 of a picture cannot be read.") from None
    if len(data) > settings.attachment_bytes:
        limit = settings.attachment_bytes
        raise TooLarge(f"A picture may have {limit} bytes.", limit=limit)
    picture = read_picture(data, strip=settings.strip_metadata)
    if picture is None:
        raise BadRequest("A picture must be a whole PNG, JPEG, WebP or GIF.")
    return picture


def _same_or_new(owner: int, picture: Picture) -> Attachment:
    # Locked first: of two requests with one new picture the second finds the first one's.
    User.objects.select_for_update(no_key=True).only("pk").get(pk=owner)
    same = Attachment.objects.owned_by(owner).filter(size=len(picture.data), data=picture.data)
    return same.only("public_id").order_by("pk").first() or attachments.create(owner, picture)
