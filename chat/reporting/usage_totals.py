"""Usage of threads and users for one page of an admin list: a fixed number of indexed statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Q, Sum
from django.db.models.functions import Now

from chat.models import ERROR_STATUSES, ApiToken, Message, QuotaReservation, Response, Status, Thread
from chat.responses.usage.upstream_calls import COST, PRICE

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MONTH_DAYS = 30

_TOKENS = "c.prompt_tokens::bigint + c.completion_tokens"

_OF_THREADS = f"""
SELECT c.thread, p.currency, sum({_TOKENS}), sum({COST}) FROM chat_upstreamcall c {PRICE}
WHERE c.thread = ANY(%s) GROUP BY c.thread, p.currency
"""

_OF_USERS = f"""
SELECT c.owner_id, c.started_at >= %s, p.currency, sum({_TOKENS}), sum({COST}) FROM chat_upstreamcall c {PRICE}
WHERE c.owner_id = ANY(%s) AND c.started_at >= %s GROUP BY c.owner_id, 2, p.currency
"""


@dataclass(slots=True)
class UsageSum:
    """Tokens, and their cost by currency; `unpriced` where some had no price."""

    tokens: int = 0
    costs: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    unpriced: bool = False

    def add(self, tokens: int, currency: str | None, cost: Decimal | None) -> None:
        self.tokens += tokens
        if currency is None or cost is None:
            self.unpriced = True
        else:
            self.costs[currency] += cost


@dataclass(slots=True)
class ThreadTotals:
    """Totals of a thread: usage, failed and interrupted responses, and answers rated as bad."""

    taken: UsageSum = field(default_factory=UsageSum)
    errors: int = 0
    flagged: int = 0


@dataclass(slots=True)
class UserTotals:
    """Totals of a user, counted as the quotas do.

    `hour`: responses claimed in the last hour. `day`: tokens of the last 24 hours.
    """

    threads: int = 0
    last_activity: datetime | None = None
    today: UsageSum = field(default_factory=UsageSum)
    month: UsageSum = field(default_factory=UsageSum)
    active: int = 0
    hour: int = 0
    day: int = 0
    tokens: int = 0


def of_threads(keys: Collection[int]) -> dict[int, ThreadTotals]:
    totals: dict[int, ThreadTotals] = {key: ThreadTotals() for key in keys}
    for thread, currency, tokens, cost in _rows(_OF_THREADS, list(keys)):
        totals[thread].taken.add(int(tokens), currency, cost)
    responses = Response.objects.filter(thread__in=keys, status__in=ERROR_STATUSES)
    for thread, number in _counted(responses, "thread"):
        totals[thread].errors = number
    for thread, number in _counted(Message.objects.filter(thread__in=keys, feedback_score=-1), "thread"):
        totals[thread].flagged = number
    return totals


def of_users(keys: Collection[int]) -> dict[int, UserTotals]:
    totals: dict[int, UserTotals] = {key: UserTotals() for key in keys}
    _add_taken(totals)
    threads = Thread.objects.filter(owner__in=keys).order_by().values("owner")
    for row in threads.annotate(number=Count("pk"), last=Max("updated_at")):
        totals[row["owner"]].threads, totals[row["owner"]].last_activity = row["number"], row["last"]
    for owner, number in _counted(Response.objects.filter(owner__in=keys, status=Status.STREAMING), "owner"):
        totals[owner].active = number
    for owner, number in _counted(ApiToken.objects.filter(user__in=keys), "user"):
        totals[owner].tokens = number
    for owner, hour, day in _spent("owner", Q(owner__in=keys)):
        totals[owner].hour, totals[owner].day = hour, day
    return totals


def of_guests() -> UserTotals:
    """Return the usage that counts against the quotas shared by all guests."""
    found = UserTotals(active=Response.objects.filter(status=Status.STREAMING, owner__is_guest=True).count())
    for _, found.hour, found.day in _spent("guest", Q(guest=True)):
        break  # they are one group
    return found


def _add_taken(totals: dict[int, UserTotals]) -> None:
    now = datetime.now(UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since = now - timedelta(days=MONTH_DAYS)
    for owner, is_today, currency, tokens, cost in _rows(_OF_USERS, midnight, list(totals), since):
        totals[owner].month.add(int(tokens), currency, cost)
        if is_today:
            totals[owner].today.add(int(tokens), currency, cost)


def _spent(by: str, whose: Q) -> list[tuple[Any, int, int]]:
    """Return for each group the responses of the last hour and the tokens of the last day."""
    rows = QuotaReservation.objects.filter(whose, claimed_at__gt=Now() - DAY).order_by().values_list(by)
    return list(rows.annotate(hour=Count("pk", filter=Q(claimed_at__gt=Now() - HOUR)), day=Sum("tokens")))


def _counted(rows: Any, by: str) -> list[tuple[int, int]]:
    return list(rows.order_by().values_list(by).annotate(Count("pk")))


def _rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())
