"""Who may read what was said, and the record of everyone who does: what cannot be recorded is not shown.

A page asks `can_read` (and `can_read_hidden`), then calls `look` once for what it is about to show, and shows it only on True.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from django.db.models import Model
from django.http import HttpRequest

from chat.conf import settings
from chat.models import AuditAction, AuditLogEntry, Message, Response, Thread, User

REASON_SECONDS = 900  # for which a reason given for a thread counts: one sitting
REASON_CHARACTERS = 500
MAX_REASONS = 50  # threads whose reasons a session remembers; the oldest is asked for again
LISTS = "lists"  # where the reason for lists and searches is kept

_SESSION_KEY = "chat_reasons"


def can_read(request: HttpRequest) -> bool:
    """Whether this person may read titles, visible messages and feedback."""
    return request.user.has_perm("chat.read_content")


def can_read_hidden(request: HttpRequest) -> bool:
    """Whether system texts, calls of tools and their results as well."""
    return can_read(request) and request.user.has_perm("chat.read_hidden_content")


def record_view(request: HttpRequest, *, thread: Thread | None, action: AuditAction, obj: Model) -> bool:
    """Record that this person is shown the content of `obj`; `thread` is the one it belongs to.

    False: nothing was recorded, and nothing may be shown, for a reason is wanted first (`admin/chat/reason.html` asks for it).
    """
    reason = reason_for(request, thread)
    if reason is None:
        return False
    record(request, action, obj, reason=reason)
    return True


def record_list_view(request: HttpRequest, kind: str, rows: Sequence[Model]) -> bool:
    """The same of a list's page; `kind` is the table's name."""
    reason = reason_for(request, None)
    if reason is None:
        return False
    action = AuditAction.SEARCHED if request.GET.get("q") else AuditAction.LISTED
    _add(request, action=action, kind=kind, shown=[row.pk for row in rows], reason=reason)
    return True


def record(request: HttpRequest, action: AuditAction, obj: Model, *, reason: str = "") -> None:
    """Record what this person does with `obj`: a thread, message, response or user."""
    _add(
        request,
        action=action,
        kind=obj._meta.model_name,
        object_pk=obj.pk,
        public_id=getattr(obj, "public_id", ""),
        owner_name=_owner_username(obj),
        reason=reason,
    )


def _add(request: HttpRequest, **fields: Any) -> None:
    AuditLogEntry.objects.create(user_id=request.user.pk, username=request.user.get_username(), **fields)


def _owner_username(obj: Model) -> str:
    if isinstance(obj, User):
        return obj.username
    return obj.owner.username if isinstance(obj, Thread | Message | Response) else ""


def reason_for(request: HttpRequest, thread: Thread | None) -> str | None:
    """The reason this person gave for reading a thread (None: lists); None where one is wanted and none was given lately."""
    if not settings.admin_reason:
        return ""
    reason, given = request.session.get(_SESSION_KEY, {}).get(_key(thread), ("", 0))
    return str(reason) if time.time() - given < REASON_SECONDS else None


def give_reason(request: HttpRequest, thread: int | None, reason: str) -> None:
    """Remember why this person reads a thread (its primary key; None: lists), for REASON_SECONDS."""
    given = request.session.get(_SESSION_KEY, {})
    given.pop(str(thread or LISTS), None)
    given[str(thread or LISTS)] = (reason[:REASON_CHARACTERS], time.time())
    request.session[_SESSION_KEY] = dict(list(given.items())[-MAX_REASONS:])


def _key(thread: Thread | None) -> str:
    return str(thread.pk) if thread else LISTS
