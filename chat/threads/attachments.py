"""Pictures: stored for their owner, linked to the prompts that show them, and inlined for models."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import msgspec
from django.db import connection
from django.db.models.functions import Now

from chat.conf import settings
from chat.exceptions import BadRequest, NotFound, QuotaExceeded
from chat.llm.remote_urls import has_private_url
from chat.models import Attachment, AttachmentUse, User, raw_delete
from chat.schemas import Content, is_id
from chat.schemas.pictures import Picture
from chat.text import IMAGE
from chat.threads import stored_bytes

# Prefix of a prompt's `image_url`.
PATH = "/api/attachments/"
# Pictures of all guests together: 2 GB at the default size, so that guests cannot fill a disk.
GUESTS_TOTAL = 400
# Advisory lock under which the guests' pictures are counted.
GUESTS_LOCK = 0x63686175
# Seconds until the next deletion of unused pictures.
RETRY_SECONDS = 3_600
# Age at which a picture without a message goes: it was never sent, or its message is deleted.
LIFE = timedelta(days=1)
# Pictures deleted at once: at most 1 GB of rows, in one short statement.
BATCH = 200
# Bytes of pictures in one request to a model, three of the largest; the newest win.
HISTORY_BYTES = 16 * 1024 * 1024

_REFERENCE = re.compile(r"/api/attachments/([A-Za-z0-9_-]{1,64})\Z")


def create(owner: int, picture: Picture) -> Attachment:
    """Store a picture. Raise QuotaExceeded."""
    user = User.objects.select_for_update(no_key=True).only("pk", "is_guest").get(pk=owner)
    if Attachment.objects.owned_by(owner).count() >= settings.attachments:
        raise _exceeded(f"At most {settings.attachments} pictures per user.", "attachments")
    if user.is_guest:
        _check_guests()
    stored_bytes.check(owner, None, len(picture.data))
    return Attachment.objects.create(
        owner_id=owner, content_type=picture.content_type, size=len(picture.data), data=picture.data
    )


def _check_guests() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [GUESTS_LOCK])
    if Attachment.objects.filter(owner__is_guest=True).count() >= GUESTS_TOTAL:
        raise _exceeded(
            "All guests together have reached their limit of pictures. Sign in.", "guests_attachments"
        )


def _exceeded(words: str, quota: str) -> QuotaExceeded:
    return QuotaExceeded(words, quota=quota, retry_after=RETRY_SECONDS)


def find(owner: int, public_id: str) -> Attachment:
    """Return the owner's attachment. Raise NotFound, alike for a foreign and an unknown id."""
    rows = Attachment.objects.owned_by(owner)
    found = rows.filter(public_id=public_id).first() if is_id(public_id) else None
    if found is None:
        raise NotFound
    return found


def link_attachments(owner: int, message: int, content: Content) -> None:
    """Record which pictures a message shows. Raise BadRequest for one that its owner lacks."""
    wanted = references(content)
    if not wanted:
        return
    rows = Attachment.objects.owned_by(owner).filter(public_id__in=wanted)
    known = dict(rows.values_list("public_id", "pk"))
    for name in wanted:
        if name not in known:
            raise BadRequest(f"There is no attachment `{name}`. Upload it first: POST /api/attachments.")
    AttachmentUse.objects.bulk_create(
        AttachmentUse(attachment_id=pk, message_id=message) for pk in known.values()
    )


def references(content: Content) -> list[str]:
    """Return the ids of the attachments that a content shows, each once, in order."""
    if not content.parts or PATH not in content.text:
        return []
    parts = msgspec.json.decode(content.text)
    return list(dict.fromkeys(filter(None, map(_reference, parts))))


def media_types(owner: int, contents: Iterable[Content]) -> Mapping[str, str]:
    """Map the ids of the owner's attachments that these contents show to their media types."""
    names = [name for content in contents for name in references(content)]
    rows = Attachment.objects.owned_by(owner).filter(public_id__in=names)
    return dict(rows.values_list("public_id", "content_type")) if names else {}


def _reference(part: Any) -> str | None:
    """Return the id of the attachment that a part shows, or None."""
    if not isinstance(part, dict) or part.get("type") != "image_url":
        return None
    source = part.get("image_url")
    url = source.get("url") if isinstance(source, dict) else source
    found = _REFERENCE.match(url) if isinstance(url, str) else None
    return found[1] if found else None


def delete_exclusive_to(messages: list[int]) -> None:
    """Delete the pictures that these messages show and no other message does."""
    shown = list(AttachmentUse.objects.filter(message__in=messages).values_list("attachment", flat=True))
    raw_delete(AttachmentUse.objects.filter(message__in=messages))
    still = AttachmentUse.objects.values("attachment")
    raw_delete(Attachment.objects.filter(pk__in=shown).exclude(pk__in=still))


def delete_unused() -> int:
    """Delete one batch of pictures without a message, older than LIFE. Return the count."""
    unused = Attachment.objects.filter(uses=None, created_at__lt=Now() - LIFE)
    # Locked first, then checked again: a prompt may be linking one at this moment.
    locked = unused.select_for_update(skip_locked=True, of=("self",))
    pks = list(locked.values_list("pk", flat=True)[:BATCH])
    still = Attachment.objects.filter(pk__in=pks).exclude(pk__in=AttachmentUse.objects.values("attachment"))
    raw_delete(still)
    return len(pks)


def with_attachments(history: list[dict[str, Any]], owner: int, *, images: bool) -> list[dict[str, Any]]:
    """Return the history with its attachments as `data:` URLs, or (not `images`) as a short text.

    Addresses that are not public become the same text; everything else stays verbatim. Beyond HISTORY_BYTES the newest
    pictures win.
    """
    remaining, replaced = HISTORY_BYTES if images else 0, list[dict[str, Any]]()
    for message in reversed(history):
        content = message.get("content")
        if isinstance(content, msgspec.Raw) and _may_hold_url(bytes(content)):
            shown, remaining = _shown(content, owner, remaining)
            replaced.append({**message, "content": shown})
        else:
            replaced.append(message)
    return replaced[::-1]


def _may_hold_url(content: bytes) -> bool:
    return b"_url" in content or b"\\u" in content


def _shown(content: msgspec.Raw, owner: int, remaining: int) -> tuple[msgspec.Raw | list[Any], int]:
    """Return the parts to send, and the bytes that are left; the content itself where no part had to be replaced."""
    shown: list[Any] = []
    changed = False
    for part in msgspec.json.decode(content, type=list[msgspec.Raw]):
        value = msgspec.json.decode(part)
        name = _reference(value)
        picture = None if name is None else _picture(owner, name, remaining)
        remaining -= len(picture.data) if picture else 0
        replaced = name is not None or has_private_url(value)
        shown.append(_with_picture(value, picture) if replaced else part)
        changed = changed or replaced
    return shown if changed else content, remaining


def _picture(owner: int, name: str, remaining: int) -> Picture | None:
    rows = Attachment.objects.owned_by(owner).filter(public_id=name, size__lte=remaining)
    found = rows.values_list("content_type", "data").first()
    return Picture(found[0], bytes(found[1])) if found else None


def _with_picture(part: dict[str, Any], picture: Picture | None) -> dict[str, Any]:
    if picture is None:
        return {"type": "text", "text": IMAGE}
    url = f"data:{picture.content_type};base64,{base64.b64encode(picture.data).decode()}"
    source = part["image_url"] if isinstance(part["image_url"], dict) else {}
    return {**part, "image_url": {**source, "url": url}}


def next_attachment(owner: int, pk: int) -> Attachment | None:
    """Return the owner's next picture by primary key, with its bytes."""
    return Attachment.objects.owned_by(owner).filter(pk__gt=pk).order_by("pk").first()
