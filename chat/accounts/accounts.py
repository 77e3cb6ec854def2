"""Turn a guest into an account, and merge a guest into one."""

from __future__ import annotations

import secrets
from typing import Any

from django.db.models.functions import Now

from chat.accounts import revocation, suspension
from chat.db import notifications
from chat.exceptions import NotFound
from chat.governance import holds
from chat.models import (
    ACTIVE,
    ID_LENGTH,
    Artifact,
    Attachment,
    Message,
    PersonRequest,
    QuotaReservation,
    Response,
    Share,
    Thread,
    UpstreamCall,
    User,
)
from chat.reporting import rollups

# Tables whose rows move into an account, in the order in which the end of a response locks them.
MOVED: tuple[Any, ...] = (
    Response,
    Message,
    Thread,
    Artifact,
    Share,
    Attachment,
    QuotaReservation,
    UpstreamCall,
)

# Characters: "-" and the random hexadecimal digits after it.
SUFFIX = 9
# Threads announced to open pages; a page shows 50 at first.
MAX_NOTIFIED_THREADS = 100


def locked_guest(pk: int) -> User:
    """Lock and return a guest's row; the guest's prompts wait meanwhile. Raises NotFound if the user is no longer a guest."""
    guest = User.objects.select_for_update(no_key=True).filter(pk=pk, is_guest=True, is_active=True).first()
    if guest is None:
        raise NotFound
    return guest


def merge(guest: int, account: int, session_key: str | None = None) -> int:
    """Move all data of a guest into an account and return the number of threads. Ids already taken there get a suffix.

    Running responses continue: their writer reads the owner from the row. The guest's own row stays for a day, inactive,
    for a response that waits for its turn under its lock. Open streams of the session `session_key` continue too.
    """
    users = User.objects.select_for_update(no_key=True).filter(pk__in=[guest, account]).order_by("pk")
    found = {user.pk: user for user in users}
    if guest not in found or account not in found or not found[guest].is_guest or found[account].is_guest:
        return 0
    # A response that is just ending does so first, or sees the new owner.
    list(Response.objects.owned_by(guest).select_for_update(no_key=True).order_by("pk").values_list("pk"))
    _make_room(guest, account)
    threads = list(Thread.objects.filter(owner=guest).order_by("updated_at").values_list("pk", flat=True))
    for model in MOVED:
        model.objects.filter(owner=guest).update(owner=account)
    PersonRequest.objects.filter(answered_by=guest).update(answered_by=account)
    rollups.reassign(guest, account)
    holds.transfer_holds(guest, threads)
    User.objects.filter(pk=guest).update(is_active=False, date_joined=Now())
    if session_key is not None:
        revocation.announce_replacement(guest, session_key)
    suspension.end_sessions(guest)  # sockets of other tabs reconnect as the account
    for thread in threads[-MAX_NOTIFIED_THREADS:]:
        notifications.notify("thread", account, thread, "created")
    return len(threads)


def _make_room(guest: int, account: int) -> None:
    for name in _shared(guest, account, Thread):
        Thread.objects.owned_by(guest).filter(public_id=name).update(public_id=_fresh(name))
    for name in _shared(guest, account, Artifact):
        Artifact.objects.owned_by(guest).filter(public_id=name).update(public_id=_fresh(name))
    # A response and its reply bear the same id, and keep doing so.
    for name in _shared(guest, account, Message, Response):
        fresh = _fresh(name)
        for model in (Message, Response):
            model.objects.owned_by(guest).filter(public_id=name).update(public_id=fresh)


def _shared(guest: int, account: int, *models: Any) -> set[str]:
    """Return the ids that both users have."""
    names: set[str] = set()
    for model in models:
        taken = model.objects.owned_by(account).values("public_id")
        both = model.objects.owned_by(guest).filter(public_id__in=taken)
        names.update(both.values_list("public_id", flat=True))
    return names


def _fresh(name: str) -> str:
    return f"{name[: ID_LENGTH - SUFFIX]}-{secrets.token_hex((SUFFIX - 1) // 2)}"


def active(user: int) -> list[int]:
    """Return the primary keys of a user's responses that have not ended."""
    return list(Response.objects.owned_by(user).filter(status__in=ACTIVE).values_list("pk", flat=True))
