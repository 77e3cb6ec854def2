"""Legal holds, made and lifted. Whoever deletes or redacts asks here first, with the rows locked that `lock` names."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from chat.models import Hold, Thread, User


def lock(owner: int) -> None:
    """Keep a hold on this user from coming to be until the transaction ends. Before any of their threads is locked."""
    User.objects.select_for_update(no_key=True).filter(pk=owner).values_list("pk").first()


def is_held(thread: Thread) -> bool:
    """Whether a hold lies on the thread or its owner."""
    return Hold.objects.filter(Q(thread=thread.pk) | Q(user=thread.owner_id)).exists()


def is_user_held(user: int) -> bool:
    """Whether a hold lies on the user or on any thread of theirs."""
    return Hold.objects.filter(Q(thread__owner=user) | Q(user=user)).exists()


def without_holds(threads: QuerySet[Thread]) -> QuerySet[Thread]:
    """Those of the threads that no hold keeps."""
    on_it, on_owner = Hold.objects.filter(thread=OuterRef("pk")), Hold.objects.filter(user=OuterRef("owner"))
    return threads.filter(~Exists(on_it), ~Exists(on_owner))


def place_hold(row: Thread | User, by: str, reason: str) -> Hold:
    """Put a hold on a thread, or on a user with all their threads. Raises the row's DoesNotExist where it is gone."""
    type(row).objects.select_for_update().get(pk=row.pk)
    names = {"kind": row._meta.model_name or "", "object_pk": row.pk, "made_by": by, "reason": reason}
    if isinstance(row, User):
        return Hold.objects.create(user=row, owner_name=row.username, **names)
    return Hold.objects.create(thread=row, public_id=row.public_id, owner_name=row.owner.username, **names)


def transfer_holds(user: int, threads: list[int]) -> None:
    """Keep what a hold on a user keeps, now that these threads of theirs are somebody else's."""
    rows = Thread.objects.filter(pk__in=threads).select_related("owner")
    for hold in Hold.objects.filter(user=user):
        for row in rows:
            place_hold(row, hold.made_by, hold.reason)


def lift_hold(hold: Hold, by: str, reason: str) -> None:
    """End a hold; what its owner deleted meanwhile goes with the next round of retention."""
    Hold.objects.filter(pk=hold.pk, lifted_at=None).update(
        lifted_at=Now(), lifted_by=by, lift_reason=reason, thread=None, user=None
    )
