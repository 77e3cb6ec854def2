"""Storage of imported chats: all of a request in one transaction, each chat once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import uuid4

import msgspec
from django.db.models.functions import Now

from chat import text
from chat.conf import settings
from chat.db import notifications
from chat.models import Attachment, AttachmentUse, Message, Thread, User
from chat.permissions import rights
from chat.schemas import Content
from chat.schemas.imports import ImportedMessage, ImportedThread
from chat.threads import artifacts, attachments, branches, stored_bytes


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The ids of the new chats, and the numbers of those that were there already and of those without any text."""

    threads: list[str]
    known: int
    empty: int


def store(owner: int, given: list[ImportedThread], model: str) -> ImportResult:
    """Store chats that the owner lacks; `model` answers in them from now on. Raise QuotaExceeded."""
    # Serialises the imports of one user: two of the same file would store each chat twice.
    is_guest = User.objects.select_for_update(no_key=True).get(pk=owner).is_guest
    full = {one.id: one for one in given if one.messages}
    known = set(_taken(Thread, owner, full))
    new = [one for one in full.values() if one.id not in known]
    stored_bytes.check(owner, None, sum(len(m.content.text.encode()) for one in new for m in one.messages))
    ids = {message.id for one in new for message in one.messages if message.id is not None}
    used = set(_taken(Message, owner, ids))
    expires = _expires(owner, is_guest)
    for one in new:
        _store(owner, one, model, used, keeps_times=not expires)
    return ImportResult([one.id for one in new], len(known), len(given) - len(full))


def _taken(kind: type[Thread] | type[Message], owner: int, ids: Iterable[str]) -> Iterable[str]:
    return kind.objects.filter(owner_id=owner, public_id__in=list(ids)).values_list("public_id", flat=True)


def _expires(owner: int, is_guest: bool) -> bool:
    """Return True where chats are deleted by age: an old one would go at once, so it counts as active today."""
    days = settings.guests_retention_days if is_guest else settings.retention_days
    return bool(days or rights.of_user(owner).saying("retention_days"))


def _store(owner: int, given: ImportedThread, model: str, used: set[str], *, keeps_times: bool) -> None:
    first = next((one for one in given.messages if one.role == "user"), given.messages[0])
    updated_at = given.updated_at if keeps_times else None
    thread = Thread.objects.create(
        owner_id=owner,
        public_id=given.id,
        title=given.title or text.title_of(_plain_text(first.content)),
        has_custom_title=bool(given.title),
        archived=given.archived,
        pinned=given.pinned,
        model=model,
        created_at=given.created_at or Now(),
        updated_at=updated_at or Now(),
    )
    rows = {one.key: _row(thread, position, one, used) for position, one in enumerate(given.messages)}
    Message.objects.bulk_create(rows.values())
    branches.link_parents(
        (rows[one.key].pk, rows[one.parent].pk) for one in given.messages if one.parent in rows
    )
    Thread.objects.filter(pk=thread.pk).update(leaf=rows[given.leaf or given.messages[-1].key])
    _link_pictures(owner, rows.values())
    artifacts.index_imported(rows.values())
    notifications.notify("thread", owner, thread.pk, "created")


def _row(thread: Thread, position: int, given: ImportedMessage, used: set[str]) -> Message:
    """Return an unsaved message; its id is a new one where the owner has that already."""
    public_id = str(uuid4()) if given.id is None or given.id in used else given.id
    used.add(public_id)
    content = _own_pictures_only(thread.owner_id, given.content)
    return Message(
        owner_id=thread.owner_id,
        thread=thread,
        public_id=public_id,
        turn=0,
        position=position,
        role=given.role,
        content=content.text,
        parts=content.parts,
        imported=True,
        plain_text=_plain_text(content),
        created_at=given.created_at or Now(),
    )


def _own_pictures_only(owner: int, content: Content) -> Content:
    """Return the content, or its text alone where it shows a picture that the owner lacks."""
    wanted = attachments.references(content)
    found = Attachment.objects.owned_by(owner).filter(public_id__in=wanted).count() if wanted else 0
    return content if found == len(wanted) else Content(_plain_text(content))


def _link_pictures(owner: int, rows: Iterable[Message]) -> None:
    shown = {row.pk: attachments.references(Content(row.content, row.parts)) for row in rows if row.parts}
    ids = {name for names in shown.values() for name in names}
    known = dict(Attachment.objects.owned_by(owner).filter(public_id__in=ids).values_list("public_id", "pk"))
    AttachmentUse.objects.bulk_create(
        AttachmentUse(attachment_id=known[name], message_id=pk)
        for pk, names in shown.items()
        for name in names
    )


def _plain_text(content: Content) -> str:
    if content.parts:
        return text.storable(text.plain_text_of_parts(msgspec.json.decode(content.text)))
    return text.storable(text.plain_text(content.text))
