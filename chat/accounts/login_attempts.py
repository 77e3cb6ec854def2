"""How often somebody tried to come in, counted in the database: in all processes together, and over restarts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db.models import Count
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from chat.models import LoginAttempt, raw_delete

WINDOW = timedelta(minutes=15)  # in which tries are counted, and after which they are forgotten


def record_attempt(limits: Mapping[str, int]) -> bool:
    """Count a try by each of the keys, which may be tried so often in a window. False, and not counted: too often.

    Counted before it is known how it goes, so that a hundred tries at once are a hundred. Outside a transaction.
    """
    allowed = {_digest(key): limit for key, limit in limits.items()}
    mine = LoginAttempt.objects.bulk_create(LoginAttempt(about=about) for about in allowed)
    recent = LoginAttempt.objects.filter(about__in=allowed, at__gt=Now() - WINDOW)
    counted = recent.values_list("about").annotate(Count("pk"))
    if all(count <= allowed[about] for about, count in counted):
        return True
    raw_delete(LoginAttempt.objects.filter(pk__in=[row.pk for row in mine]))
    return False


def clear(keys: list[str]) -> None:
    """Who got in had every right to try."""
    raw_delete(LoginAttempt.objects.filter(about__in=[_digest(key) for key in keys]))


def delete_expired() -> int:
    """Delete tries that count no more; how many."""
    return LoginAttempt.objects.filter(at__lt=Now() - WINDOW).delete()[0]


def _digest(key: str) -> str:
    return salted_hmac("chat.attempts", key, algorithm="sha256").hexdigest()
