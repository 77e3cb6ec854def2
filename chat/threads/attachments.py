"""Pictures and other files: stored for their owner, and linked to the prompts that show them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec
from django.db import connection
from django.db.models import QuerySet

from chat.conf import settings
from chat.exceptions import BadRequest, NotFound, QuotaExceeded
from chat.files.kinds import FileKind
from chat.models import Attachment, AttachmentUse, FilePassage, ReadingState, User, raw_delete
from chat.permissions import threads as permissions
from chat.schemas import Content, is_id
from chat.schemas.pictures import Picture
from chat.schemas.prompts import UPLOADS
from chat.threads import stored_bytes
from chat.threads.threads import decode_cursor, encode_cursor

# Prefix of a prompt's `image_url`.
PATH = UPLOADS
# Pictures and files of all guests together: 2 GB at the default size, so that guests cannot fill a disk.
GUESTS_TOTAL = 400
# Passages on a page, some 100 pages of a document.
PASSAGES = 100
# Advisory lock under which the guests' pictures are counted.
GUESTS_LOCK = 0x63686175
# Seconds until the next deletion of unused pictures.
RETRY_SECONDS = 3_600

_REFERENCE = re.compile(rf"{UPLOADS}([A-Za-z0-9._:-]{{1,128}})\Z")


def create(owner: int, picture: Picture, name: str = "") -> Attachment:
    """Store a picture. Raise QuotaExceeded."""
    _admit(owner, len(picture.data))
    return Attachment.objects.create(
        owner_id=owner,
        content_type=picture.content_type,
        size=len(picture.data),
        data=picture.data,
        name=name,
    )


def create_file(owner: int, kind: FileKind, data: bytes, name: str) -> Attachment:
    """Store a file, whose text is still to be read. Raise QuotaExceeded."""
    _admit(owner, len(data))
    return Attachment.objects.create(
        owner_id=owner,
        content_type=kind.content_type,
        size=len(data),
        data=data,
        name=name,
        state=ReadingState.READING,
    )


def _admit(owner: int, size: int) -> None:
    """Lock the owner's row, and check the quotas. Raise QuotaExceeded."""
    user = User.objects.select_for_update(no_key=True).only("pk", "is_guest").get(pk=owner)
    if Attachment.objects.owned_by(owner).count() >= settings.attachments:
        raise _exceeded(f"At most {settings.attachments} pictures and files per user.", "attachments")
    if user.is_guest:
        _check_guests()
    stored_bytes.check(owner, None, size)


def _check_guests() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [GUESTS_LOCK])
    if Attachment.objects.filter(owner__is_guest=True).count() >= GUESTS_TOTAL:
        raise _exceeded(
            "All guests together have reached their limit of pictures and files. Sign in.",
            "guests_attachments",
        )


def _exceeded(words: str, quota: str) -> QuotaExceeded:
    return QuotaExceeded(words, quota=quota, retry_after=RETRY_SECONDS)


def find(user: int, public_id: str, *, data: bool = False) -> Attachment:
    """Return an attachment that the user may read, with its bytes if `data`.

    Raise NotFound, alike for a foreign and an unknown id.
    """
    rows = _readable(user) if data else _readable(user).defer("data")
    found = rows.filter(public_id=public_id).first() if is_id(public_id) else None
    if found is None:
        raise NotFound
    return found


def _readable(user: int) -> QuerySet[Attachment]:
    """Return the attachments that the user owns, or that a message shows which the user may read."""
    return permissions.readable(Attachment.objects.all(), user, thread="uses__message__thread")


def _without_data(owner: int) -> QuerySet[Attachment]:
    return Attachment.objects.owned_by(owner).defer("data")


def page(owner: int, limit: int, cursor: str | None) -> tuple[list[Attachment], str | None]:
    """Return one page of the owner's attachments, newest first, and the cursor of the next. Raise BadRequest."""
    rows = _without_data(owner).order_by("-pk")
    if cursor:
        rows = rows.filter(pk__lt=decode_cursor(cursor, tuple[int])[0])
    found = list(rows[: limit + 1])
    more = encode_cursor([found[limit - 1].pk]) if len(found) > limit else None
    return found[:limit], more


def all_of(owner: int, *, newest_first: bool) -> list[Attachment]:
    """Return all attachments of an owner; they are at most CHAT_ATTACHMENTS."""
    return list(_without_data(owner).order_by("-pk" if newest_first else "pk"))


def of_messages(user: int, messages: Collection[int]) -> Mapping[int, list[Attachment]]:
    """Return the attachments that each of these messages shows, oldest first; a message without any is missing."""
    found: defaultdict[int, list[Attachment]] = defaultdict(list)
    if messages:
        uses = AttachmentUse.objects.filter(message__in=messages, attachment__soft_deleted_at=None)
        shown = permissions.readable(uses, user, owner="attachment__owner", thread="message__thread")
        for use in shown.select_related("attachment").defer("attachment__data").order_by("attachment"):
            found[use.message_id].append(use.attachment)
    return found


def passages(user: int, public_id: str, after: int) -> tuple[Attachment, list[FilePassage]]:
    """Return a file and a page of its passages, from the one behind the position `after` on. Raise NotFound."""
    row = find(user, public_id)
    rows = FilePassage.objects.filter(attachment=row, position__gt=after).order_by("position")
    return row, list(rows.defer("terms")[: PASSAGES + 1])


def link_attachments(owner: int, message: int, content: Content) -> None:
    """Record which pictures a message shows. Raise BadRequest for one that its owner lacks."""
    wanted = references(content)
    if not wanted:
        return
    rows = Attachment.objects.owned_by(owner).filter(public_id__in=wanted)
    known = dict(rows.values_list("public_id", "pk"))
    for name in wanted:
        if name not in known:
            raise BadRequest(f"There is no attachment `{name[:64]}`. Upload it first: POST /api/attachments.")
    AttachmentUse.objects.bulk_create(
        AttachmentUse(attachment_id=pk, message_id=message) for pk in known.values()
    )


def references(content: Content) -> list[str]:
    """Return the ids of the attachments that a content shows, each once, in order."""
    if not content.parts or not (PATH in content.text or "file_id" in content.text):
        return []
    parts = msgspec.json.decode(content.text)
    return list(dict.fromkeys(filter(None, map(reference, parts))))


def media_types(user: int, contents: Iterable[Content]) -> Mapping[str, str]:
    """Map the ids of the attachments that these contents show, and the user may read, to their media types."""
    names = [name for content in contents for name in references(content)]
    rows = _readable(user).filter(public_id__in=names)
    return dict(rows.values_list("public_id", "content_type")) if names else {}


def reference(part: Any) -> str | None:
    """Return the id of the attachment that a part shows, or None."""
    if isinstance(part, dict) and part.get("type") == "file":
        file = part.get("file")
        name = file.get("file_id") if isinstance(file, dict) else None
        return name if isinstance(name, str) else None
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


def next_attachment(owner: int, pk: int) -> Attachment | None:
    """Return the owner's next picture by primary key, with its bytes."""
    return Attachment.objects.owned_by(owner).filter(pk__gt=pk).order_by("pk").first()
