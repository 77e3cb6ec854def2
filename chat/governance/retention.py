"""Deletion by age, in bounded batches: unused threads and old audit records."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from chat.conf import settings
from chat.governance import deletion, holds
from chat.models import (
    ACTIVE,
    AuditLogEntry,
    HeldText,
    Response,
    Revision,
    Thread,
    UsageRule,
    User,
    raw_delete,
)

# Audit records deleted in one transaction.
RECORDS = 5_000
# Former texts of ended holds deleted in one transaction.
HELD_TEXTS = 500


def expired_threads() -> QuerySet[Thread]:
    """Return threads to delete: expired or soft-deleted, with nothing running and no hold."""
    running = Response.objects.filter(thread=OuterRef("pk"), status__in=ACTIVE)
    due = _too_old() | Q(soft_deleted_at__isnull=False) | Q(expires_at__lt=Now())
    return holds.without_holds(Thread.objects.filter(due)).filter(~Exists(running))


def _too_old() -> Q:
    old = Q(pk=None)  # none
    for days in filter(None, set(UsageRule.objects.values_list("retention_days", flat=True))):
        old |= Q(owner__in=_users_under_rules_of(days), updated_at__lt=Now() - timedelta(days=days))
    for guest, days in ((False, settings.retention_days), (True, settings.guests_retention_days)):
        if days:
            old |= Q(owner__is_guest=guest, updated_at__lt=Now() - timedelta(days=days))
    return old


def _users_under_rules_of(days: int) -> QuerySet[User]:
    """Return the users whose own rule says so many days, or else, as the most, a rule of their groups."""
    longer = UsageRule.objects.filter(group__user=OuterRef("pk"), retention_days__gt=days)
    of_groups = Q(usage_rule__retention_days=None, groups__usage_rule__retention_days=days)
    return User.objects.filter(Q(usage_rule__retention_days=days) | (of_groups & ~Exists(longer)))


def delete_expired_threads() -> int:
    """Delete one batch of expired threads, oldest first. Return the count; 0 when none is left unlocked."""
    found = deletion.first_batch(expired_threads().order_by("updated_at"))
    owners = User.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).order_by("pk")
    mine = list(owners.filter(threads__in=found).values_list("pk", flat=True))
    wanted = Thread.objects.filter(pk__in=found, owner__in=mine).values("pk")
    # Checked again, now that no claim and no hold can intervene: the thread may have been used meanwhile.
    rows = expired_threads().filter(pk__in=wanted).select_for_update(of=("self",), skip_locked=True)
    going = list(rows.values_list("pk", "owner_id", "public_id", "soft_deleted_at", "expires_at"))
    deletion.delete_threads([pk for pk, *_ in going])
    for _, owner, public_id, soft_deleted_at, expires_at in going:
        if soft_deleted_at is None and expires_at is None:
            deletion.notify_owner(owner, public_id)
    return len(going)


def expired_records() -> QuerySet[AuditLogEntry]:
    """Return audit records beyond their retention time."""
    if not settings.access_retention_days:
        return AuditLogEntry.objects.none()
    return AuditLogEntry.objects.filter(moment__lt=Now() - timedelta(days=settings.access_retention_days))


def delete_expired_records() -> int:
    """Delete one batch of expired audit records. Return the count."""
    pks = list(expired_records().order_by("moment").values_list("pk", flat=True)[:RECORDS])
    raw_delete(AuditLogEntry.objects.filter(pk__in=pks))
    return len(pks)


def delete_released_texts() -> int:
    """Delete one batch of former texts that were kept for a hold which has ended. Return the count."""
    count = 0
    for rows in (HeldText.objects.all(), Revision.objects.filter(held=True)):
        released = holds.without_holds(Thread.objects.filter(pk=OuterRef("thread")))
        pks = list(rows.filter(Exists(released)).values_list("pk", flat=True)[:HELD_TEXTS])
        rows.filter(pk__in=pks).delete()
        count += len(pks)
    return count
