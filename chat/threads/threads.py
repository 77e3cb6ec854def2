"""A user's threads: find, list, create and change."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
from django.db import DEFAULT_DB_ALIAS
from django.db.models import F, OuterRef, Q, QuerySet, Subquery

from chat import text
from chat.db import notifications, sql
from chat.exceptions import BadRequest, NotFound
from chat.models import ACTIVE, RESPONSE_FIELDS, Message, Response, Status, Thread
from chat.schemas import NewThread, ThreadChange, is_id
from chat.threads import branches, revisions, stored_bytes

_RESPONSE = f"""
SELECT {", ".join(f"r.{name}" for name in RESPONSE_FIELDS)}, t.public_id
FROM chat_response r JOIN chat_thread t ON t.id = r.thread_id WHERE r.owner_id = %s AND r.public_id = %s
"""


def find(owner: int, public_id: str) -> Thread:
    """Return the owner's thread. Raise NotFound, alike for a foreign and an unknown id."""
    thread = (
        with_active(Thread.objects.owned_by(owner)).filter(public_id=public_id).first()
        if is_id(public_id)
        else None
    )
    if thread is None:
        raise NotFound
    return thread


def with_active(threads: QuerySet[Thread]) -> QuerySet[Thread]:
    """Annotate each thread with `active_response_id`, the public id of its running response."""
    running = Response.objects.filter(thread=OuterRef("pk"), status=Status.STREAMING)
    return threads.annotate(active_response_id=Subquery(running.values("public_id")[:1]))


def by_pk(thread: int) -> Thread | None:
    """Return a thread that its owner's lists show."""
    return with_active(Thread.objects.listed().filter(pk=thread, soft_deleted_at=None)).first()


@dataclass(frozen=True, slots=True)
class Listing:
    """Parameters of a thread list; `archived` None means both kinds."""

    limit: int
    cursor: str | None
    words: str
    archived: bool | None


def page(owner: int, wanted: Listing) -> tuple[list[Thread], str | None]:
    """Return one page of threads, last activity first, and the cursor of the next page or None."""
    threads = with_active(Thread.objects.owned_by(owner).listed())
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
    """Return the list position that a cursor encodes. Raise BadRequest."""
    try:
        data = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        return msgspec.json.decode(data, type=shape)
    except (ValueError, msgspec.MsgspecError):
        raise BadRequest("`cursor` must be the `nextCursor` of an earlier page.") from None


def create(owner: int, wanted: NewThread, default_model: str) -> tuple[Thread, bool]:
    """Return the thread and True if it is new; an existing id returns that thread."""
    public_id = wanted.thread_id or str(uuid4())
    title = wanted.title or (text.title_of(text.plain_text(wanted.message)) if wanted.message else "")
    fields = {
        "title": title,
        "has_custom_title": bool(wanted.title),
        "model": wanted.model or default_model,
        "system_prompt": wanted.system_prompt or "",
    }
    _check_storage(owner, None, fields)
    thread, new = Thread.objects.get_or_create(owner_id=owner, public_id=public_id, defaults=fields)
    if new:
        notifications.notify("thread", owner, thread.pk, "created")
    return find(owner, public_id), new


def change(owner: int, public_id: str, wanted: ThreadChange) -> Thread:
    thread = _locked(owner, public_id)
    _check_storage(
        owner, thread.pk, {"title": wanted.title or "", "system_prompt": wanted.system_prompt or ""}
    )
    fields: dict[str, Any] = {}
    if wanted.title is not None:
        fields |= {"title": wanted.title, "has_custom_title": True}
    if wanted.archived is not None:
        fields |= {"archived": wanted.archived}
    if wanted.system_prompt not in (None, thread.system_prompt):
        revision = revisions.save_prompt_revision(thread)
        fields |= {"system_prompt": wanted.system_prompt, "revision": revision}
    if wanted.leaf is not None:
        fields |= {"leaf_id": branches.latest_leaf(thread, wanted.leaf)}
    if fields:
        Thread.objects.filter(pk=thread.pk).update(**fields)
        notifications.notify("thread", owner, thread.pk, "updated")
    return find(owner, public_id)


def _locked(owner: int, public_id: str) -> Thread:
    """Return the owner's thread, which is neither changed nor deleted until the transaction ends. Raise NotFound."""
    rows = Thread.objects.owned_by(owner).select_for_update(no_key=True)
    thread = rows.filter(public_id=public_id).first() if is_id(public_id) else None
    if thread is None:
        raise NotFound
    return thread


def _check_storage(owner: int, thread: int | None, fields: dict[str, Any]) -> None:
    texts = (str(fields.get(name, "")) for name in ("title", "system_prompt"))
    if size := sum(len(text.encode()) for text in texts):
        stored_bytes.check(owner, thread, size)


def active(thread: int) -> list[int]:
    return list(Response.objects.filter(thread_id=thread, status__in=ACTIVE).values_list("pk", flat=True))


def active_response(owner: int, thread: str, public_id: str | None = None) -> Response | None:
    """Return the newest response that runs or waits in the owner's thread, or the one of that id, with its thread."""
    named = {} if public_id is None else {"public_id": public_id}
    rows = Response.objects.owned_by(owner).filter(thread__public_id=thread, status__in=ACTIVE, **named)
    return rows.select_related("thread").order_by("-pk").first()


def newest_response(owner: int, thread: str) -> Response | None:
    """Return the newest response of the owner's thread, with that thread."""
    rows = Response.objects.owned_by(owner).filter(thread__public_id=thread)
    return rows.select_related("thread").order_by("-pk").first()


def listed_response(owner: int, public_id: str) -> Response | None:
    """Return a response with its thread, unless that is in no list."""
    rows = Response.objects.owned_by(owner).filter(public_id=public_id, thread__expires_at=None)
    return rows.select_related("thread").first() if is_id(public_id) else None


def prompt_of(owner: int, public_id: str) -> Message | None:
    """Return the prompt of a response."""
    row = Response.objects.owned_by(owner).filter(public_id=public_id).select_related("prompt").first()
    return row.prompt if row else None


def response(owner: int, public_id: str) -> Response:
    """Return a response with its thread. Raise NotFound."""
    found = sql.row(_RESPONSE, [owner, public_id]) if is_id(public_id) else None
    if found is None:
        raise NotFound
    *columns, name = found
    row = Response.from_db(DEFAULT_DB_ALIAS, RESPONSE_FIELDS, columns)
    row.thread = Thread.from_db(DEFAULT_DB_ALIAS, ("id", "public_id"), (row.thread_id, name))
    return row
