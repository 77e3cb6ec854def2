"""Sessions of a user. A session names its user only inside its encoded data, so a bounded number is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models.functions import Now
from django.utils.crypto import constant_time_compare

from chat.models import User, raw_delete

# Newest sessions decoded in a search: each takes some 30 µs.
SCANNED = 5_000

# Sessions deleted or decoded in one transaction: some 0.1 s.
BATCH = 2_000


@dataclass(frozen=True, slots=True)
class Sessions:
    """Expiry times of a user's sessions, latest first; `whole` is False if the search was cut off."""

    expire: list[datetime]
    whole: bool


def sessions_of(user: User) -> Sessions:
    """Return the sessions in which this user is logged in."""
    living = Session.objects.filter(expire_date__gt=Now()).order_by("-expire_date")
    rows = list(living[:SCANNED])
    mine = [row.expire_date for row in rows if is_of(row, user)]
    return Sessions(mine, len(rows) < SCANNED)


def delete_expired() -> int:
    """Delete one batch of expired sessions. Return their number."""
    expired = Session.objects.filter(expire_date__lt=Now()).order_by("expire_date")
    pks = list(expired.values_list("pk", flat=True)[:BATCH])
    raw_delete(Session.objects.filter(pk__in=pks))
    return len(pks)


def delete_orphaned(after: str = "") -> str | None:
    """Delete the sessions of deleted users in the batch of all sessions after a key. Return its last key; None at the end.

    A session names its user only inside its encoded data, so every row has to be decoded.
    """
    rows = list(Session.objects.filter(session_key__gt=after).order_by("session_key")[:BATCH])
    users = {row.pk: user for row in rows if (user := _user_of(row)) is not None}
    existing = set(User.objects.filter(pk__in=set(users.values())).values_list("pk", flat=True))
    raw_delete(Session.objects.filter(pk__in=[key for key, user in users.items() if user not in existing]))
    return rows[-1].pk if len(rows) == BATCH else None


def _user_of(session: Session) -> int | None:
    user = str(session.get_decoded().get(SESSION_KEY, ""))
    return int(user) if user.isdecimal() else None


def is_of(session: Session, user: User) -> bool:
    """Return True if a user is logged in by this session."""
    data = session.get_decoded()
    if data.get(SESSION_KEY) != str(user.pk):
        return False
    return constant_time_compare(data.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
