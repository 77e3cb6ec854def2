"""The record of sign-ins, and the sessions that they opened."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest

from chat.accounts import sessions
from chat.accounts.addresses import address_of
from chat.models import ApiToken, SignInRecord, User, raw_delete
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
    """Record that a user signed in, and the session that it opened; the user's tokens count again."""
    User.objects.filter(pk=user.pk, sign_in_required=True).update(sign_in_required=False)
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


def end_all(records: QuerySet[SignInRecord]) -> int:
    """End the sessions of these sign-ins, with everything that they opened. Return their number."""
    rows = list(records.exclude(session_key=""))
    for session in Session.objects.filter(pk__in=[row.session_key for row in rows]):
        session.delete()  # by itself: its signal tells every process
    SignInRecord.objects.filter(pk__in=[row.pk for row in rows]).update(session_key="")
    return len(rows)


def in_use(records: QuerySet[SignInRecord]) -> QuerySet[SignInRecord]:
    """Return those of the sign-ins on which something depends: an open session, or the user's API tokens.

    Tokens depend on the newest sign-in with a refresh token: it alone says whether the provider still knows their user.
    """
    session = Session.objects.filter(pk=OuterRef("session_key"), expire_date__gt=Now())
    newer = SignInRecord.objects.filter(user=OuterRef("user"), pk__gt=OuterRef("pk")).exclude(
        refresh_token=""
    )
    tokens = ApiToken.objects.filter(user=OuterRef("user"))
    newest = ~Q(refresh_token="") & Exists(tokens) & ~Exists(newer)
    return records.filter(Q(Exists(session)) | newest)


def move_session(old: str, new: str) -> None:
    """Follow a session whose key was replaced."""
    SignInRecord.objects.filter(session_key=old).update(session_key=new)


def delete_expired() -> int:
    """Delete one batch of old sign-ins on which nothing depends. Return their number."""
    old = SignInRecord.objects.filter(at__lt=Now() - KEPT)
    used = in_use(SignInRecord.objects.filter(pk=OuterRef("pk")))
    pks = list(old.exclude(Exists(used)).order_by("at").values_list("pk", flat=True)[:BATCH])
    raw_delete(SignInRecord.objects.filter(pk__in=pks))
    return len(pks)
