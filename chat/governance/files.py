"""Deletion of single pictures and files, and of unused ones; soft deletion where a hold keeps them."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat, Left, Now

from chat.exceptions import NotFound
from chat.governance import holds
from chat.governance.deletion import MARK
from chat.models import Attachment, AttachmentUse, Hold, User, raw_delete
from chat.schemas import is_id

# Characters of an attachment's id.
ID_CHARACTERS = 64
# Age at which an attachment without a message goes: it was never sent, or its message is deleted.
LIFE = timedelta(days=1)
# Rows deleted at once: at most 1 GB, in one short statement.
BATCH = 200


def delete(owner: int, public_id: str) -> None:
    """Delete an attachment with its text; soft-delete one under a legal hold. Raise NotFound."""
    holds.lock(owner)
    row = Attachment.objects.owned_by(owner).filter(public_id=public_id) if is_id(public_id) else None
    key = row.values_list("pk", flat=True).first() if row is not None else None
    if key is None:
        raise NotFound
    found = Attachment.objects.filter(pk=key)
    if _held(found).exists():
        marked = Concat(Value(MARK), Cast("pk", CharField()), Value(MARK), "public_id")
        found.update(public_id=Left(marked, ID_CHARACTERS), soft_deleted_at=Now())
    else:
        raw_delete(found)


def _held(rows: QuerySet[Attachment]) -> QuerySet[Attachment]:
    """Return those of the attachments whose owner, or a thread that shows them, is under a hold."""
    held_threads = Hold.objects.exclude(thread=None).values("thread")
    on_thread = AttachmentUse.objects.filter(attachment=OuterRef("pk"), message__thread__in=held_threads)
    on_owner = Hold.objects.filter(user=OuterRef("owner"))
    return rows.filter(Q(Exists(on_thread)) | Q(Exists(on_owner)))


def delete_released() -> int:
    """Delete one batch of attachments that were kept for a hold which has ended. Return the count."""
    return _delete_batch(Attachment.objects.filter(soft_deleted_at__isnull=False))


def delete_unused() -> int:
    """Delete one batch of attachments without a message, older than LIFE, but for those under a hold. Return the count."""
    return _delete_batch(Attachment.objects.filter(uses=None, created_at__lt=Now() - LIFE))


def _delete_batch(rows: QuerySet[Attachment]) -> int:
    free = rows.exclude(pk__in=_held(rows).values("pk"))
    found = dict(free.order_by("pk").values_list("pk", "owner")[:BATCH])
    # Owners and rows are locked ahead of another look: a hold may be placed, or a prompt show a file, at this moment.
    owners = User.objects.select_for_update(no_key=True, skip_locked=True, of=("self",)).order_by("pk")
    mine = list(owners.filter(pk__in=found.values()).values_list("pk", flat=True))
    locked = free.filter(pk__in=found, owner__in=mine).select_for_update(skip_locked=True, of=("self",))
    pks = list(locked.values_list("pk", flat=True))
    raw_delete(Attachment.objects.filter(pk__in=free.filter(pk__in=pks).values("pk")))
    return len(pks)
