"""Guests: made when somebody comes without an account, gone a day later if they never wrote anything."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from django.db.models.functions import Now

from chat.models import Message, Thread, User, raw_delete

LIFE = timedelta(days=1)  # of a guest who never wrote anything; the contract's
BATCH = 1_000  # guests removed at once: a short transaction, and the next hour brings the next


def create() -> User:
    """A guest's account; its name is unguessable and its password unusable."""
    user = User(username=f"guest-{uuid4().hex}", is_guest=True)
    user.set_unusable_password()
    user.save()
    return user


def delete_idle() -> int:
    """Delete guests of yesterday who never wrote anything; how many."""
    idle = User.objects.filter(is_guest=True, date_joined__lt=Now() - LIFE)
    idle = idle.exclude(pk__in=Message.objects.values("owner_id"))
    idle = idle.filter(holds=None, threads__holds=None)
    pks = list(idle.values_list("pk", flat=True)[:BATCH])
    raw_delete(Thread.objects.filter(owner_id__in=pks))
    User.objects.filter(pk__in=pks).delete()
    return len(pks)
