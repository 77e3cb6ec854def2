"""Legal holds: place, lift and check. Deletion and redaction check them under the lock of `lock`."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from chat.governance.exceptions import AlreadyDeleted
from chat.models import Hold, Thread, User


def lock(owner: int) -> None:
    """Prevent new holds on this user until the transaction ends. Call it before locking their threads."""
    User.objects.select_for_update(no_key=True).filter(pk=owner).values_list("pk").first()


def is_held(thread: Thread) -> bool:
    """Tell if a hold lies on the thread or its owner."""
    return Hold.objects.filter(Q(thread=thread.pk) | Q(user=thread.owner_id)).exists()


def is_user_held(user: int) -> bool:
    """Tell if a hold lies on the user or on any of their threads."""
    return Hold.objects.filter(Q(thread__owner=user) | Q(user=user)).exists()


def without_holds(threads: QuerySet[Thread]) -> QuerySet[Thread]:
    """Exclude the threads under a hold."""
    on_it, on_owner = Hold.objects.filter(thread=OuterRef("pk")), Hold.objects.filter(user=OuterRef("owner"))
    return threads.filter(~Exists(on_it), ~Exists(on_owner))


def place_hold(row: Thread | User, by: str, reason: str) -> Hold:
    """Place a hold on a thread, or on a user with all their threads. Raise AlreadyDeleted."""
    if type(row).objects.select_for_update().filter(pk=row.pk).first() is None:
        raise AlreadyDeleted
    names = {"kind": row._meta.model_name or "", "object_pk": row.pk, "made_by": by, "reason": reason}
    if isinstance(row, User):
        return Hold.objects.create(user=row, owner_name=row.username, **names)
    return Hold.objects.create(thread=row, public_id=row.public_id, owner_name=row.owner.username, **names)


def transfer_holds(user: int, threads: list[int]) -> None:
    """Copy the holds on a user to these threads, which have got another owner."""
    rows = Thread.objects.filter(pk__in=threads).select_related("owner")
    for hold in Hold.objects.filter(user=user):
        for row in rows:
            place_hold(row, hold.made_by, hold.reason)


def lift_hold(hold: Hold, by: str, reason: str) -> None:
    """Lift a hold; threads that were soft-deleted under it go with the next round of retention."""
    Hold.objects.filter(pk=hold.pk, lifted_at=None).update(
        lifted_at=Now(), lifted_by=by, lift_reason=reason, thread=None, user=None
    )
