"""Threads and their messages, as their owner sees them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
from django.db import connection
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from chat import doorbell, text
from chat.errors import BadRequest, NotFound, ThreadBusy
from chat.models import ACTIVE, Chunk, Message, Response, Role, Status, Thread, raw_delete
from chat.payloads import NewThread, ThreadChange, is_id
from chat.store import logs


@dataclass(frozen=True, slots=True)
class Shown:
    """A visible message with the state of its response: `offset` is where to follow from, null for a user's."""

    id: str
    role: str
    content: Any
    created_at: Any
    status: str
    offset: int | None
    error: str | None


def find(owner: int, public_id: str) -> Thread:
    """Raises NotFound, for another's id as for an unknown one."""
    thread = (
        with_active(Thread.objects.owned_by(owner)).filter(public_id=public_id).first()
        if is_id(public_id)
        else None
    )
    if thread is None:
        raise NotFound
    return thread


def with_active(threads: QuerySet[Thread]) -> QuerySet[Thread]:
    """Each thread with `active_response_id`, the public id of what runs in it."""
    running = Response.objects.filter(thread=OuterRef("pk"), status=Status.STREAMING)
    return threads.annotate(active_response_id=Subquery(running.values("public_id")[:1]))


def by_pk(thread: int) -> Thread | None:
    return with_active(Thread.objects.filter(pk=thread)).first()


@dataclass(frozen=True, slots=True)
class Listing:
    """Which threads to list: `archived` None means both kinds."""

    limit: int
    cursor: str | None
    words: str
    archived: bool | None


def page(owner: int, wanted: Listing) -> tuple[list[Thread], str | None]:
    """One page of threads, last activity first, and the cursor of the next one (None: no more)."""
    threads = with_active(Thread.objects.owned_by(owner))
    if wanted.archived is not None:
        threads = threads.filter(archived=wanted.archived)
    if wanted.cursor is not None:
        updated_at, pk = decode_cursor(wanted.cursor, tuple[datetime, int])
        threads = threads.filter(Q(updated_at__lt=updated_at) | Q(updated_at=updated_at, pk__lt=pk))
    found = list(threads.order_by(F("updated_at").desc(), F("id").desc())[: wanted.limit + 1])
    if len(found) <= wanted.limit:
        return found, None
    last = found[wanted.limit - 1]
    return found[: wanted.limit], encode_cursor([last.updated_at, last.pk])


def encode_cursor(position: list[Any]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def decode_cursor(cursor: str, shape: Any) -> Any:
    """The position in a list that a cursor names. Raises BadRequest."""
    try:
        data = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        return msgspec.json.decode(data, type=shape)
    except (ValueError, msgspec.MsgspecError):
        raise BadRequest("`cursor` must be the `nextCursor` of an earlier page.") from None


def create(owner: int, wanted: NewThread, default_model: str) -> tuple[Thread, bool]:
    """The thread, and whether it is new: an id that exists already gives that thread."""
    public_id = wanted.thread_id or str(uuid4())
    title = wanted.title or (text.title_of(text.readable(wanted.message)) if wanted.message else "")
    fields = {"title": title, "titled_by_person": bool(wanted.title), "model": wanted.model or default_model}
    thread, new = Thread.objects.get_or_create(owner_id=owner, public_id=public_id, defaults=fields)
    if new:
        doorbell.ring("thread", owner, thread.pk, "created")
    return find(owner, public_id), new


def change(owner: int, public_id: str, wanted: ThreadChange) -> Thread:
    thread = find(owner, public_id)
    fields: dict[str, Any] = {}
    if wanted.title is not None:
        fields |= {"title": wanted.title, "titled_by_person": True}
    if wanted.archived is not None:
        fields |= {"archived": wanted.archived}
    if fields:
        Thread.objects.filter(pk=thread.pk).update(**fields)
        doorbell.ring("thread", owner, thread.pk, "updated")
    return find(owner, public_id)


def active(thread: int) -> list[int]:
    return list(Response.objects.filter(thread_id=thread, status__in=ACTIVE).values_list("pk", flat=True))


def delete(owner: int, thread: int, public_id: str) -> None:
    """Delete a thread with everything in it. What ran in it has been stopped. Raises ThreadBusy if something runs again."""
    row = Thread.objects.owned_by(owner).select_for_update().filter(pk=thread).first()
    if row is None:
        return
    if active(thread):
        raise ThreadBusy
    raw_delete(Chunk.objects.filter(response__thread_id=thread))
    raw_delete(Message.objects.filter(thread_id=thread))
    raw_delete(Response.objects.filter(thread_id=thread))
    raw_delete(Thread.objects.filter(pk=thread))
    doorbell.ring("deleted", owner, public_id)


_BRANCH = """
WITH RECURSIVE branch AS (
    SELECT m.id, m.parent_id, m.hidden, 0 AS depth FROM chat_message m WHERE m.id = %s
    UNION ALL
    SELECT m.id, m.parent_id, m.hidden, depth + 1 FROM branch JOIN chat_message m ON m.id = branch.parent_id
)
SELECT id FROM branch WHERE NOT hidden LIMIT %s
"""


def messages(owner: int, public_id: str, limit: int, before: str | None) -> tuple[list[Shown], bool]:
    """The newest `limit` visible messages before a message id (None: of all), oldest first; and whether older ones exist."""
    thread = find(owner, public_id)
    start = thread.leaf_id if before is None else _parent(thread, before)
    with connection.cursor() as cursor:
        cursor.execute(_BRANCH, [start, limit + 1])
        pks = [row[0] for row in cursor.fetchall()]
    rows = Message.objects.visible().select_related("response").in_bulk(pks[:limit])
    shown = [_shown(rows[pk]) for pk in reversed(pks[:limit])]
    waiting = _waiting(thread) if before is None else []
    return (shown + waiting)[-limit:], len(pks) > limit or len(shown) + len(waiting) > limit


def _parent(thread: Thread, before: str) -> int | None:
    rows = Message.objects.visible().filter(thread=thread, public_id=before, turn__isnull=False)
    row = rows.values("parent_id").first()
    if row is None:
        raise BadRequest("`before` must be the id of a message in this thread.")
    return row["parent_id"]


def _waiting(thread: Thread) -> list[Shown]:
    """Queued prompts, in the order in which they came."""
    rows = Message.objects.visible().filter(thread=thread, turn=None, response__status=Status.QUEUED)
    replies = rows.select_related("response__prompt").order_by("response_id")
    return [_shown(row) for reply in replies if reply.response for row in (reply.response.prompt, reply)]


def _shown(row: Message) -> Shown:
    response = row.response
    content: Any = msgspec.Raw(row.content.encode()) if row.parts else row.content
    if response is None:
        return Shown(row.public_id, row.role, content, row.created_at, Status.DONE, None, None)
    offset = response.log_length
    if not response.ended:
        # The offset is that of the text just read: a flush may have come since the response was.
        offset, content = logs.kept(logs.pieces_of(response.pk), None)
    return Shown(
        row.public_id,
        row.role,
        content,
        row.created_at,
        response.status,
        offset,
        response.error_detail if response.status == Status.FAILED and not row.content else None,
    )


def replace(owner: int, public_id: str, message_id: str, content: str) -> Shown:
    """Replace the content of an assistant message. Raises NotFound, BadRequest for a user's, ThreadBusy while it runs."""
    thread = find(owner, public_id)
    rows = Message.objects.visible().filter(thread=thread, public_id=message_id if is_id(message_id) else "")
    row = rows.select_related("response").select_for_update(of=("self",)).first()
    if row is None:
        raise NotFound
    if row.role != Role.ASSISTANT:
        raise BadRequest("Only an assistant's message can be replaced.")
    if row.response is not None and not row.response.ended:
        raise ThreadBusy("This message is still being written.")
    if row.content != content:
        changed = {"content": content, "readable": text.storable(text.readable(content)), "edited_at": Now()}
        Message.objects.filter(pk=row.pk).update(**changed)
        row.content = content
    return _shown(row)


def response(owner: int, public_id: str) -> Response:
    """A response with its thread. Raises NotFound."""
    rows = Response.objects.owned_by(owner).select_related("thread").filter(public_id=public_id)
    found = rows.first() if is_id(public_id) else None
    if found is None:
        raise NotFound
    return found
