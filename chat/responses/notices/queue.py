"""The queue of notices: rows that are stored with their request, claimed before they are sent, and kept with their outcome."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.core.exceptions import ImproperlyConfigured
from django.db.models import F, QuerySet
from django.db.models.functions import Now

from chat.conf import settings
from chat.models import Notice, NoticeChannel, NoticeState, PersonRequest, RequestKind, User

# Until a mail is due: who sits at the page answers by then, and gets none.
MAIL_DELAY = timedelta(seconds=30)
# Attempts of one notice; with the pauses between them, the other side may be away for 40 minutes.
MAX_ATTEMPTS = 5
# Until the second attempt; each further pause is PAUSE_FACTOR times as long.
FIRST_PAUSE = timedelta(seconds=30)
PAUSE_FACTOR = 4

# Of the permissions; Django asks for a choice where a project has several.
_BACKEND = "django.contrib.auth.backends.ModelBackend"
# Columns of a request that no notice needs.
_CONTENT = [f"request__{name}" for name in ("message", "arguments", "schema", "answer")]


class NotAttempted(Exception):
    """This process cannot send anything now."""


def check() -> None:
    """Raise ImproperlyConfigured where a webhook lacks its secret, or this site's address."""
    if settings.webhook_url and not (settings.webhook_secret and settings.public_url):
        raise ImproperlyConfigured("CHAT_WEBHOOK_URL needs CHAT_WEBHOOK_SECRET and CHAT_PUBLIC_URL.")


def enqueue(owner: int, requests: Sequence[PersonRequest]) -> None:
    """Store the notices of requests that were made together, in their transaction."""
    notices: list[Notice] = []
    if settings.webhook_url:
        notices += [Notice(channel=NoticeChannel.WEBHOOK, request=one) for one in requests]
    if settings.sends_mail:
        notices += _mails(owner, requests)
    Notice.objects.bulk_create(notices)


def _mails(owner: int, requests: Sequence[PersonRequest]) -> list[Notice]:
    """Return one mail for each person who has to answer, about the first of the requests: the link leads to all of them."""
    mails: list[Notice] = []
    # A client makes the calls of its own tools: no person is asked.
    asked = [one for one in requests if one.kind != RequestKind.CLIENT]
    for by_staff in (False, True):
        first = next((one for one in asked if one.by_staff == by_staff), None)
        for user in _recipients(owner, by_staff=by_staff) if first else ():
            due = Now() + MAIL_DELAY
            mails.append(Notice(channel=NoticeChannel.MAIL, request=first, user_id=user, due_at=due))
    return mails


def _recipients(owner: int, *, by_staff: bool) -> QuerySet[User, int]:
    """Return the primary keys of the users who may answer and have an address."""
    if by_staff:
        users = User.objects.with_perm("chat.answer_requests", backend=_BACKEND).filter(is_staff=True)
    else:
        users = User.objects.filter(pk=owner, is_active=True)
    return users.exclude(email="").values_list("pk", flat=True)


def claim(channel: str) -> Notice | None:
    """Take the next notice that is due; None where there is none.

    Its state is `sending` before it is sent, so that no process sends it twice, or `skipped` where nobody has to answer.
    """
    due = Notice.objects.filter(channel=channel, state=NoticeState.PENDING, due_at__lte=Now())
    rows = due.select_related("request__response__thread", "request__response__owner", "user").defer(
        *_CONTENT
    )
    row = rows.select_for_update(skip_locked=True, of=("self",)).order_by("due_at").first()
    if row is not None:
        row.state = NoticeState.SENDING if _is_wanted(row) else NoticeState.SKIPPED
        row.attempts += 1
        Notice.objects.filter(pk=row.pk).update(state=row.state, attempts=F("attempts") + 1, changed_at=Now())
    return row


def _is_wanted(notice: Notice) -> bool:
    """Return whether the request is still open; for a mail, one of those made together with it, which the user may answer."""
    about = notice.request
    if notice.channel == NoticeChannel.WEBHOOK:
        return about.outcome is None
    made_together = PersonRequest.objects.filter(
        response=about.response_id, round=about.round, ends_before=about.ends_before, by_staff=about.by_staff
    ).exclude(kind=RequestKind.CLIENT)
    may_answer = _recipients(about.response.owner_id, by_staff=about.by_staff).filter(pk__in=[notice.user_id])
    return made_together.filter(outcome=None).exists() and may_answer.exists()


def put_back(notice: Notice) -> None:
    """Return a claimed notice that was not attempted to the queue; it does not count as an attempt."""
    sending = Notice.objects.filter(pk=notice.pk, state=NoticeState.SENDING, attempts=notice.attempts)
    sending.update(
        state=NoticeState.PENDING, attempts=F("attempts") - 1, changed_at=Now(), due_at=Now() + FIRST_PAUSE
    )


def record(notice: Notice, state: str) -> str:
    """Store what became of an attempt, and return the state; `pending` becomes `failed` after the last attempt."""
    if state == NoticeState.PENDING and notice.attempts >= MAX_ATTEMPTS:
        state = NoticeState.FAILED
    pause = FIRST_PAUSE * PAUSE_FACTOR ** (notice.attempts - 1)
    sending = Notice.objects.filter(pk=notice.pk, state=NoticeState.SENDING, attempts=notice.attempts)
    sending.update(state=state, changed_at=Now(), due_at=Now() + pause)
    return state
