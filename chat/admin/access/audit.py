"""Permissions on content, and the audit log: content that cannot be recorded as viewed is not shown.

A page checks `can_read` (and `can_read_hidden`), calls `record_view` once, and shows the content only if that returns True.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import Model
from django.http import HttpRequest

from chat.conf import settings
from chat.models import (
    ID_LENGTH,
    AuditAction,
    AuditLogEntry,
    Message,
    PersonRequest,
    Response,
    Share,
    Thread,
    User,
)

# Seconds for which a reason given for a thread counts: one sitting.
REASON_SECONDS = 900
REASON_CHARACTERS = 500
# Threads whose reasons a session remembers; the oldest is asked for again.
MAX_REASONS = 50
# The key of the reason for lists and searches.
LISTS = "lists"

_SESSION_KEY = "chat_reasons"


def can_read(request: HttpRequest) -> bool:
    """Return True if this user may read titles, visible messages and feedback."""
    return request.user.has_perm("chat.read_content")


def can_read_hidden(request: HttpRequest) -> bool:
    """Return True if this user may also read system prompts, tool calls and their results."""
    return can_read(request) and request.user.has_perm("chat.read_hidden_content")


def record_view(request: HttpRequest, *, thread: Thread | None, action: AuditAction, obj: Model) -> bool:
    """Record that this user is shown the content of `obj`, which belongs to `thread`.

    False: nothing was recorded and nothing may be shown, because a reason is required first
    (`admin/chat/actions/reason.html` asks for it).
    """
    reason = reason_for(request, thread)
    if reason is None:
        return False
    record(request, action, obj, reason=reason)
    return True


def record_list_view(request: HttpRequest, kind: str, rows: Sequence[Model]) -> bool:
    """Record that this user is shown the rows of a list; `kind` is the table's name. False as in `record_view`."""
    reason = reason_for(request, None)
    if reason is None:
        return False
    action = AuditAction.SEARCHED if request.GET.get("q") else AuditAction.LISTED
    _add(request, action=action, kind=kind, shown=[row.pk for row in rows], reason=reason)
    return True


def record(request: HttpRequest, action: AuditAction, obj: Model, *, reason: str = "") -> None:
    """Record an action of this user on `obj`: a thread, message, response, request, share, user or group."""
    _add(
        request,
        action=action,
        kind=obj._meta.model_name,
        object_pk=obj.pk,
        public_id=_public_id(obj),
        owner_name=_owner_username(obj),
        reason=reason,
    )


def _add(request: HttpRequest, **fields: Any) -> None:
    AuditLogEntry.objects.create(user_id=request.user.pk, username=request.user.get_username(), **fields)


def _public_id(obj: Model) -> str:
    # A link's own id gives access.
    if isinstance(obj, Group):
        return obj.name[:ID_LENGTH]
    return obj.thread.public_id if isinstance(obj, Share) else getattr(obj, "public_id", "")


def _owner_username(obj: Model) -> str:
    if isinstance(obj, User):
        return obj.username
    if isinstance(obj, PersonRequest):
        return obj.response.owner.username
    return obj.owner.username if isinstance(obj, Thread | Message | Response | Share) else ""


def reason_for(request: HttpRequest, thread: Thread | None) -> str | None:
    """Return the reason this user gave for a thread (None: for lists); None if one is required and none is recent."""
    if not settings.admin_reason:
        return ""
    reason, given = request.session.get(_SESSION_KEY, {}).get(_key(thread), ("", 0))
    return str(reason) if time.time() - given < REASON_SECONDS else None


def give_reason(request: HttpRequest, thread: int | None, reason: str) -> None:
    """Remember for REASON_SECONDS why this user reads a thread (its primary key; None: lists)."""
    given = request.session.get(_SESSION_KEY, {})
    given.pop(str(thread or LISTS), None)
    given[str(thread or LISTS)] = (reason[:REASON_CHARACTERS], time.time())
    request.session[_SESSION_KEY] = dict(list(given.items())[-MAX_REASONS:])


def _key(thread: Thread | None) -> str:
    return str(thread.pk) if thread else LISTS
