"""Quotas of a user and of all guests together: active responses, responses per hour, tokens per day.

A claim reserves an estimate, the end of the response replaces it by the real count; nothing is ever given back. Windows roll
by the database's clock. Counts stay true until the claim commits: the claim has locked the user's row, and a guest's claim an
advisory lock too.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import DurationField, ExpressionWrapper, F, QuerySet, Sum, Window
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce, Now

from chat.conf import settings
from chat.db import sql
from chat.exceptions import QuotaExceeded, Unavailable
from chat.models import QuotaReservation
from chat.responses.usage.upstream_calls import tokens_of

# Tokens reserved beside the prompt's own, for history and answer: a generated page of a dozen parts takes about 1,000.
ALLOWANCE_TOKENS = 2_000

# Responses waiting in one thread; the contract's number.
QUEUE_LENGTH = 5

# Seconds; a typical answer takes 2 to 10.
ACTIVE_RETRY_SECONDS = 5

# The advisory lock under which the guests' responses are counted ("chat").
GUESTS_LOCK = 0x63686174

HOUR, DAY = timedelta(hours=1), timedelta(days=1)

_RUNNING_OF_GUESTS = """
SELECT count(*) FROM chat_response r JOIN chat_user u ON u.id = r.owner_id
WHERE r.status = 'streaming' AND u.is_guest AND r.id <> ALL(%s::bigint[])
"""


def check_room(has_room: bool) -> None:
    """Raise Unavailable where this process runs as many responses as it may."""
    if not has_room:
        raise Unavailable(
            "This server is answering as many prompts as it can.", retry_after=ACTIVE_RETRY_SECONDS
        )


def estimate(characters: int, cap: int = 0) -> int:
    """Return the tokens that a claim reserves for a prompt of so many characters; `cap`: the answer's at most, if set."""
    return tokens_of(characters) + max(cap, ALLOWANCE_TOKENS)


def check_user(owner: int, running: int, tokens: int) -> None:
    """Raise QuotaExceeded where a user with so many `running` responses may not claim another one of so many tokens."""
    if running >= settings.active_per_user:
        raise QuotaExceeded(
            f"At most {settings.active_per_user} responses run at once per user. Wait until one has ended.",
            quota="active_per_user",
            retry_after=ACTIVE_RETRY_SECONDS,
        )
    if not (
        settings.per_hour or settings.tokens_per_day
    ):  # as by default; a query takes a while to be built, too
        return
    spent = QuotaReservation.objects.filter(owner=owner)
    if settings.per_hour:
        _check_hour(spent, settings.per_hour, "per_hour")
    if settings.tokens_per_day:
        _check_day(spent, settings.tokens_per_day, "tokens_per_day", tokens)


def check_guests(displaced: list[int], tokens: int) -> None:
    """Raise QuotaExceeded where all guests together may not claim another response; `displaced` ones do not count."""
    sql.rows("SELECT pg_advisory_xact_lock(%s)", [GUESTS_LOCK])
    if sql.value(_RUNNING_OF_GUESTS, [displaced]) >= settings.guests_active:
        raise QuotaExceeded(
            "All guests together have as many responses running as they may. Sign in, or wait a little.",
            quota="guests_active",
            retry_after=ACTIVE_RETRY_SECONDS,
        )
    spent, limit = QuotaReservation.objects.filter(guest=True), settings.guests_tokens_per_day
    if settings.guests_per_hour:
        _check_hour(spent, settings.guests_per_hour, "guests_per_hour")
    if limit:
        _check_day(spent, limit, "guests_tokens_per_day", tokens)


def _check_hour(spent: QuerySet[QuotaReservation], limit: int, quota: str) -> None:
    """Read at most `limit` rows: there is room once the `limit`th newest is an hour old."""
    newest_first = spent.filter(claimed_at__gt=Now() - HOUR).order_by("-claimed_at")
    wait = newest_first.values_list(_left(HOUR), flat=True)[limit - 1 : limit].first()
    if wait is not None:
        raise _exceeded(f"At most {limit} responses an hour{_owner_phrase(quota)}.", quota, wait)


def _check_day(spent: QuerySet[QuotaReservation], limit: int, quota: str, tokens: int) -> None:
    """Admit a prompt larger than the whole quota where nothing else was spent: otherwise it would never be admitted."""
    free = max(0, limit - tokens)
    today = spent.filter(claimed_at__gt=Now() - DAY)
    if today.aggregate(sum=Coalesce(Sum("tokens"), 0))["sum"] <= free:
        return
    newest_first = [F("claimed_at").desc(), F("pk").desc()]
    reached = today.annotate(spent=Window(Sum("tokens"), order_by=newest_first)).filter(spent__gt=free)
    wait = reached.order_by("-claimed_at", "-pk").values_list(_left(DAY), flat=True).first()
    raise _exceeded(f"At most {limit} tokens a day{_owner_phrase(quota)}.", quota, wait or timedelta())


def _left(window: timedelta) -> ExpressionWrapper[CombinedExpression]:
    """Return the time until a row leaves the window."""
    return ExpressionWrapper(F("claimed_at") + window - Now(), output_field=DurationField())


def _owner_phrase(quota: str) -> str:
    return " for all guests together. Sign in, or wait" if quota.startswith("guests") else ""


def _exceeded(words: str, quota: str, wait: timedelta) -> QuotaExceeded:
    # At least a second: a Retry-After of 0 would invite a loop.
    return QuotaExceeded(words, quota=quota, retry_after=max(1.0, wait.total_seconds()))
