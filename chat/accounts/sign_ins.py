"""The record of sign-ins, and the sessions that they opened."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from chat.accounts import sessions
from chat.accounts.addresses import address_of
from chat.models import SignInRecord, User, raw_delete
from chat.text import storable

# Sign-ins that a page shows: some months of a person's.
SHOWN = 50
# Characters of what a browser says about itself.
AGENT_LENGTH = 200
# How long a sign-in is kept whose session has ended, as a leaked password is found within weeks.
KEPT = timedelta(days=90)
# Records deleted in one short transaction.
BATCH = 2_000


def record(request: HttpRequest, user: User, method: str) -> SignInRecord:
    """Record that a user signed in, and the session that it opened."""
    made = _new(request, user, method)
    made.session_key = request.session.session_key or ""
    made.save()
    return made


def record_failure(request: HttpRequest, name: str, method: str) -> None:
    """Record a failed attempt at an account of this name, if there is one."""
    user = User.objects.filter(username=storable(name)[:150], is_guest=False).first()
    if user is not None:
        failed = _new(request, user, method)
        failed.succeeded = False
        failed.save()


def _new(request: HttpRequest, user: User, method: str) -> SignInRecord:
    agent = storable(request.headers.get("User-Agent", ""))[:AGENT_LENGTH]
    return SignInRecord(user=user, method=method, address=address_of(request) or "", agent=agent)


def latest(user: int) -> list[SignInRecord]:
    """Return the newest sign-ins of a user, failed ones included."""
    return list(SignInRecord.objects.filter(user=user).order_by("-at", "-pk")[:SHOWN])


def open_sessions(user: User) -> list[SignInRecord]:
    """Return the sign-ins whose sessions live, newest first."""
    found = list(SignInRecord.objects.filter(user=user).exclude(session_key="").order_by("-at", "-pk"))
    living = Session.objects.filter(pk__in=[one.session_key for one in found], expire_date__gt=Now())
    keys = {row.pk for row in living if sessions.is_of(row, user)}
    return [one for one in found if one.session_key in keys]


def end(user: int, record_id: int) -> None:
    """End the session of one sign-in of the user."""
    end_all(SignInRecord.objects.filter(user=user, pk=record_id))


def end_of_provider(subject: str, session: str) -> int:
    """End the sessions of a subject, or of one session, at the provider. Return their number.

    Where the provider named no session at a sign-in, one that it names now may be any of the subject's.
    """
    found = SignInRecord.objects.exclude(subject="")
    if subject:
        found = found.filter(subject=subject)
    if session:
        unnamed = Q(provider_session="") if subject else Q()
        found = found.filter(Q(provider_session=session) | unnamed)
    return end_all(found)


def end_all(records: QuerySet[SignInRecord]) -> int:
    """End the sessions of these sign-ins, with everything that they opened. Return their number."""
    rows = list(records.exclude(session_key=""))
    for session in Session.objects.filter(pk__in=[row.session_key for row in rows]):
        session.delete()  # by itself: its signal tells every process
    SignInRecord.objects.filter(pk__in=[row.pk for row in rows]).update(
        session_key="", refresh_token="", refresh_at=None
    )
    return len(rows)


def move_session(old: str, new: str) -> None:
    """Follow a session whose key was replaced."""
    SignInRecord.objects.filter(session_key=old).update(session_key=new)


def delete_expired() -> int:
    """Delete one batch of old sign-ins whose sessions have ended. Return their number."""
    old = SignInRecord.objects.filter(at__lt=Now() - KEPT)
    old = old.filter(Q(session_key="") | ~Q(session_key__in=Session.objects.values("session_key")))
    pks = list(old.order_by("at").values_list("pk", flat=True)[:BATCH])
    raw_delete(SignInRecord.objects.filter(pk__in=pks))
    return len(pks)
