"""Login attempts, counted in the database: across processes and restarts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.db.models import Count
from django.db.models.functions import Now
from django.utils.crypto import salted_hmac

from chat.models import LoginAttempt, raw_delete

# Attempts are counted for this long, then forgotten.
WINDOW = timedelta(minutes=15)
# Attempts deleted in one short transaction.
BATCH = 10_000


def record_attempt(limits: Mapping[str, int]) -> bool:
    """Count an attempt under each key of `limits` (attempts allowed in a window). Return False, uncounted, beyond a limit.

    Attempts are counted before their outcome is known, so that simultaneous ones all count. Call it outside a transaction.
    """
    allowed = {_digest(key): limit for key, limit in limits.items()}
    mine = LoginAttempt.objects.bulk_create(LoginAttempt(about=about) for about in allowed)
    # Those of a clock that was set back since would count until it is right again.
    recent = LoginAttempt.objects.filter(about__in=allowed, at__gt=Now() - WINDOW, at__lt=Now() + WINDOW)
    counted = recent.values_list("about").annotate(Count("pk"))
    if all(count <= allowed[about] for about, count in counted):
        return True
    raw_delete(LoginAttempt.objects.filter(pk__in=[row.pk for row in mine]))
    return False


def clear(keys: list[str]) -> None:
    """Forget the attempts counted under these keys."""
    raw_delete(LoginAttempt.objects.filter(about__in=[_digest(key) for key in keys]))


def delete_expired() -> int:
    """Delete one batch of attempts older than the window. Return the number of rows."""
    expired = LoginAttempt.objects.filter(at__lt=Now() - WINDOW).order_by("at").values_list("pk", flat=True)
    pks = list(expired[:BATCH])
    raw_delete(LoginAttempt.objects.filter(pk__in=pks))
    return len(pks)


def _digest(key: str) -> str:
    return salted_hmac("chat.attempts", key, algorithm="sha256").hexdigest()
