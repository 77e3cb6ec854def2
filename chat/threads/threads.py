"""A user's threads: find, list, create and change."""

from __future__ import annotations

import base64
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import uuid4

import msgspec
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Case, Exists, F, Model, OuterRef, Q, QuerySet, Subquery, When

from chat import text
from chat.db import notifications, sql
from chat.exceptions import BadRequest, NotFound
from chat.models import (
    ACTIVE,
    RESPONSE_FIELDS,
    STARTED,
    Message,
    PersonRequest,
    RequestKind,
    Response,
    Status,
    Thread,
)
from chat.permissions import threads as permissions
from chat.schemas import NewThread, ThreadChange, is_id
from chat.streams import sealed
from chat.threads import branches, revisions, stored_bytes

M = TypeVar("M", bound=Model)

_RESPONSE = f"""
SELECT {", ".join(f"r.{name}" for name in RESPONSE_FIELDS)}, t.public_id
FROM chat_response r JOIN chat_thread t ON t.id = r.thread_id
WHERE {{permitted}} AND r.public_id = %(public_id)s ORDER BY r.owner_id = %(user)s DESC LIMIT 1
"""


def find(user: int, public_id: str) -> Thread:
    """Return a thread that the user may read. Raise NotFound, alike for a foreign and an unknown id."""
    return _find(permissions.readable(Thread.objects.all(), user), user, public_id)


def find_changeable(user: int, public_id: str) -> Thread:
    """Return a thread that the user may change. Raise NotFound."""
    return _find(permissions.changeable(Thread.objects.all(), user), user, public_id)


def _find(rows: QuerySet[Thread], user: int, public_id: str) -> Thread:
    named = with_active(rows).filter(public_id=public_id)
    thread = _own_first(named, user).first() if is_id(public_id) else None
    if thread is None:
        raise NotFound
    return thread


def _own_first(rows: QuerySet[M], user: int) -> QuerySet[M]:
    """Order rows of one id, which several owners may use."""
    return rows.order_by(Case(When(owner=user, then=0), default=1), "-pk")


def with_active(threads: QuerySet[Thread]) -> QuerySet[Thread]:
    """Annotate each thread with `active_response_id`, the public id of its active response, and `waits_for_owner`."""
    active = Response.objects.filter(thread=OuterRef("pk"), status__in=STARTED)
    asked = PersonRequest.objects.filter(response__thread=OuterRef("pk"), response__status=Status.WAITING)
    return threads.annotate(
        active_response_id=Subquery(active.values("public_id")[:1]),
        waits_for_owner=Exists(asked.filter(outcome=None, by_staff=False)),
    )


def by_pk(thread: int) -> Thread | None:
    """Return a thread that its owner's lists show."""
    return with_active(Thread.objects.listed().filter(pk=thread, soft_deleted_at=None)).first()


@dataclass(frozen=True, slots=True)
class Listing:
    """Parameters of a thread list; `archived` and `pinned` None mean both kinds."""

    limit: int
    cursor: str | None
    words: str
    archived: bool | None
    pinned: bool | None = None


def page(user: int, wanted: Listing) -> tuple[list[Thread], str | None]:
    """Return one page of threads, last activity first, and the cursor of the next page or None."""
    threads = with_active(permissions.readable(Thread.objects.listed(), user))
    if wanted.archived is not None:
        threads = threads.filter(archived=wanted.archived)
    if wanted.pinned is not None:
        threads = threads.filter(pinned=wanted.pinned)
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


def change(user: int, public_id: str, wanted: ThreadChange) -> Thread:
    thread = _locked(user, public_id)
    _check_storage(
        thread.owner_id, thread.pk, {"title": wanted.title or "", "system_prompt": wanted.system_prompt or ""}
    )
    fields: dict[str, Any] = {}
    if wanted.title is not None:
        fields |= {"title": wanted.title, "has_custom_title": True}
    if wanted.archived is not None:
        fields |= {"archived": wanted.archived}
    if wanted.pinned is not None:
        fields |= {"pinned": wanted.pinned}
    if wanted.system_prompt not in (None, thread.system_prompt):
        revision = revisions.save_prompt_revision(thread)
        fields |= {"system_prompt": wanted.system_prompt, "revision": revision}
    if wanted.leaf is not None:
        fields |= {"leaf_id": branches.latest_leaf(thread, wanted.leaf)}
    if fields:
        Thread.objects.filter(pk=thread.pk).update(**fields)
        notifications.notify("thread", thread.owner_id, thread.pk, "updated")
    return find(user, public_id)


def _locked(user: int, public_id: str) -> Thread:
    """Return a thread that the user may change, locked until the transaction ends. Raise NotFound."""
    rows = permissions.changeable(Thread.objects.select_for_update(no_key=True), user)
    named = _own_first(rows.filter(public_id=public_id), user)
    thread = named.first() if is_id(public_id) else None
    if thread is None:
        raise NotFound
    return thread


def _check_storage(owner: int, thread: int | None, fields: dict[str, Any]) -> None:
    texts = (str(fields.get(name, "")) for name in ("title", "system_prompt"))
    if size := sum(len(text.encode()) for text in texts):
        stored_bytes.check(owner, thread, size)


def active(thread: int) -> list[int]:
    return list(Response.objects.filter(thread_id=thread, status__in=ACTIVE).values_list("pk", flat=True))


def active_response(user: int, thread: str, public_id: str | None = None) -> Response | None:
    """Return the newest response that runs or waits in a thread, or the one of that id, with its thread."""
    named = {} if public_id is None else {"public_id": public_id}
    rows = _responses_in(user, thread).filter(status__in=ACTIVE, **named)
    return _own_first(rows.select_related("thread"), user).first()


def _responses_in(user: int, thread: str) -> QuerySet[Response]:
    return permissions.readable(Response.objects.filter(thread__public_id=thread), user)


def open_requests(response: Response) -> list[PersonRequest]:
    """Return what a response waits for."""
    if response.status != Status.WAITING:
        return []
    return list(PersonRequest.objects.filter(response=response, outcome=None).order_by("number"))


def named_requests(
    user: int,
    names: Collection[str],
    calls: Collection[str],
    response: str | None = None,
    thread: str | None = None,
) -> list[PersonRequest]:
    """Return requests of the newest response that is named by one: by their ids, or by those of the client's calls.

    They are of one round, the newest of those named. `response` and `thread`: the only ones that may hold them.
    """
    of_client = Q(kind=RequestKind.CLIENT, call_id__in=calls)
    named = PersonRequest.objects.filter(Q(public_id__in=names) | of_client)
    rows = permissions.changeable(named, user, "response__owner", "response__thread")
    if response is not None:
        rows = rows.filter(response__public_id=response)
    if thread is not None:
        rows = rows.filter(response__thread__public_id=thread)
    newest = rows.select_related("response").order_by("-response_id", "-round").first()
    if newest is None:
        return []
    same = rows.filter(response=newest.response_id, round=newest.round)
    return list(same.select_related("response").order_by("number"))


def newest_response(user: int, thread: str) -> Response | None:
    """Return the newest response of a thread, with that thread."""
    return _own_first(_responses_in(user, thread).select_related("thread"), user).first()


def listed_response(user: int, public_id: str) -> Response | None:
    """Return a response that the user may continue, with its thread, unless that is in no list."""
    rows = permissions.changeable(Response.objects.filter(public_id=public_id, thread__expires_at=None), user)
    return _own_first(rows.select_related("thread"), user).first() if is_id(public_id) else None


def prompt_of(user: int, public_id: str) -> Message | None:
    """Return the prompt of a response."""
    rows = permissions.readable(Response.objects.filter(public_id=public_id), user)
    row = _own_first(rows.select_related("prompt"), user).first()
    return row.prompt if row else None


def response(user: int, public_id: str) -> Response:
    """Return a response that the user may read, with its thread. Raise NotFound."""
    return _response(permissions.readable_sql("r.owner_id", "r.thread_id"), user, public_id)


def response_with_seal(user: int, public_id: str) -> tuple[Response, int]:
    """Return the same with the seal of its log, 0 while it runs. Raise NotFound."""
    row = response(user, public_id)
    return row, sealed.seal(row.pk) if row.ended else 0


def changeable_response(user: int, public_id: str) -> Response:
    """Return a response that the user may stop or delete, with its thread. Raise NotFound."""
    return _response(permissions.changeable_sql("r.owner_id", "r.thread_id"), user, public_id)


def may_follow(user: int, response: int) -> bool:
    """Return whether a user may read a response (primary keys)."""
    return permissions.readable(Response.objects.filter(pk=response), user).exists()


def _response(permitted: str, user: int, public_id: str) -> Response:
    values = {"user": user, "public_id": public_id}
    found = sql.row(_RESPONSE.format(permitted=permitted), values) if is_id(public_id) else None
    if found is None:
        raise NotFound
    *columns, name = found
    row = Response.from_db(DEFAULT_DB_ALIAS, RESPONSE_FIELDS, columns)
    row.thread = Thread.from_db(DEFAULT_DB_ALIAS, ("id", "public_id"), (row.thread_id, name))
    return row
