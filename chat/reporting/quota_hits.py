"""Prompts refused by a quota, counted by the hour, outside the claim's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.db.models import Max, Sum
from django.db.models.functions import Trunc

from chat.models import QuotaHit, User
from chat.reporting.rollups import TimeRange

_NOTE = """
INSERT INTO chat_quotahit (hour, quota, owner) VALUES (date_trunc('hour', now(), 'UTC'), %s, %s)
ON CONFLICT (hour, quota, owner) DO UPDATE SET hits = chat_quotahit.hits + 1, last_at = now()
"""


@dataclass(frozen=True, slots=True)
class RefusalCount:
    """Refused prompts of one user and quota; `name` is None for a deleted user."""

    name: str | None
    quota: str
    hits: int
    last_at: datetime


def record_refusal(owner: int, quota: str) -> None:
    """Count a refused prompt."""
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, [quota, owner])


def over_time(span: TimeRange) -> list[tuple[datetime, str, int]]:
    """Return refusals by hour or day, and quota."""
    rows = QuotaHit.objects.filter(hour__gte=span.since, hour__lt=span.until).order_by()
    found = rows.values_list(Trunc("hour", span.unit), "quota").annotate(Sum("hits"))
    return sorted(found)


def by_user(span: TimeRange, limit: int) -> list[RefusalCount]:
    """Return the users with the most refusals."""
    rows = QuotaHit.objects.filter(hour__gte=span.since, hour__lt=span.until).order_by()
    counted = rows.values_list("owner", "quota").annotate(sum=Sum("hits"), last=Max("last_at"))
    found = list(counted.order_by("-sum", "owner", "quota")[:limit])
    names = dict(User.objects.filter(pk__in=[row[0] for row in found]).values_list("pk", "username"))
    return [RefusalCount(names.get(owner), quota, hits, last) for owner, quota, hits, last in found]
