"""Accounts: guests who become one or move into one, and all that goes when one goes."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models.functions import Now

from chat.accounts import suspension
from chat.db import notifications
from chat.exceptions import NotFound
from chat.governance import holds
from chat.models import (
    ACTIVE,
    ID_LENGTH,
    Attachment,
    Message,
    QuotaReservation,
    Response,
    Share,
    Thread,
    UpstreamCall,
    User,
)
from chat.reporting import rollups

MOVED: tuple[Any, ...] = (Response, Message, Thread, Share, Attachment, QuotaReservation, UpstreamCall)
"""What moves into an account, in the order in which the end of a response locks its rows."""

SUFFIX = 9  # characters of "-", and of the random hexadecimal digits after it
MAX_NOTIFIED_THREADS = 100  # threads that open pages are told of; a page shows 50 at first
BATCH = 2_000  # sessions decoded at once: some 0.1 s


def locked_guest(pk: int) -> User:
    """A guest's row, locked: what the guest sends meanwhile waits. Raises NotFound for one who is a guest no more."""
    guest = User.objects.select_for_update(no_key=True).filter(pk=pk, is_guest=True, is_active=True).first()
    if guest is None:
        raise NotFound
    return guest


def merge(guest: int, account: int) -> int:
    """Move what a guest has into an account; how many threads. An id that is taken there gets a suffix.

    What runs goes on: whoever writes a response reads the owner from its row. The guest's own row stays for a day, without
    rights, for a response that waits for its turn under its lock.
    """
    users = User.objects.select_for_update(no_key=True).filter(pk__in=[guest, account]).order_by("pk")
    found = {user.pk: user for user in users}
    if guest not in found or account not in found or not found[guest].is_guest or found[account].is_guest:
        return 0
    # Whoever ends one of them now does so first, or sees the new owner.
    list(Response.objects.owned_by(guest).select_for_update(no_key=True).order_by("pk").values_list("pk"))
    _make_room(guest, account)
    threads = list(Thread.objects.filter(owner=guest).order_by("updated_at").values_list("pk", flat=True))
    for model in MOVED:
        model.objects.filter(owner=guest).update(owner=account)
    rollups.reassign(guest, account)
    holds.transfer_holds(guest, threads)
    User.objects.filter(pk=guest).update(is_active=False, date_joined=Now())
    suspension.end_sessions(guest)  # sockets of other tabs come back as the account's
    for thread in threads[-MAX_NOTIFIED_THREADS:]:
        notifications.notify("thread", account, thread, "created")
    return len(threads)


def _make_room(guest: int, account: int) -> None:
    for name in _shared(guest, account, Thread):
        Thread.objects.owned_by(guest).filter(public_id=name).update(public_id=_fresh(name))
    # A response and its reply bear the same id, and keep doing so.
    for name in _shared(guest, account, Message, Response):
        fresh = _fresh(name)
        for model in (Message, Response):
            model.objects.owned_by(guest).filter(public_id=name).update(public_id=fresh)


def _shared(guest: int, account: int, *models: Any) -> set[str]:
    """The ids that both use."""
    names: set[str] = set()
    for model in models:
        taken = model.objects.owned_by(account).values("public_id")
        both = model.objects.owned_by(guest).filter(public_id__in=taken)
        names.update(both.values_list("public_id", flat=True))
    return names


def _fresh(name: str) -> str:
    return f"{name[: ID_LENGTH - SUFFIX]}-{secrets.token_hex((SUFFIX - 1) // 2)}"


def active(user: int) -> list[int]:
    """The responses of a user that have not ended."""
    return list(Response.objects.owned_by(user).filter(status__in=ACTIVE).values_list("pk", flat=True))


def delete_sessions(user: int, after: str) -> str | None:
    """Delete the user's sessions among the next ones in the order of their keys; the last key looked at, None: no more.

    A session names its user in its encoded data alone, so all have to be read.
    """
    rows = list(Session.objects.filter(session_key__gt=after).order_by("session_key")[:BATCH])
    mine = [row.pk for row in rows if row.get_decoded().get(SESSION_KEY) == str(user)]
    Session.objects.filter(pk__in=mine).delete()
    return rows[-1].pk if len(rows) == BATCH else None
