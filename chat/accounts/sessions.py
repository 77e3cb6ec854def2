"""Sessions of a user. A session names its user only inside its encoded data, so a bounded number is decoded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models.functions import Now
from django.utils.crypto import constant_time_compare

from chat.models import User

# Newest sessions decoded in a search: each takes some 30 µs.
SCANNED = 5_000


@dataclass(frozen=True, slots=True)
class Sessions:
    """Expiry times of a user's sessions, latest first; `whole` is False if the search was cut off."""

    expire: list[datetime]
    whole: bool


def sessions_of(user: User) -> Sessions:
    """Return the sessions in which this user is logged in."""
    living = Session.objects.filter(expire_date__gt=Now()).order_by("-expire_date")
    rows = list(living[:SCANNED])
    mine = [row.expire_date for row in rows if _is_of(row, user)]
    return Sessions(mine, len(rows) < SCANNED)


def _is_of(session: Session, user: User) -> bool:
    data = session.get_decoded()
    if data.get(SESSION_KEY) != str(user.pk):
        return False
    return constant_time_compare(data.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
