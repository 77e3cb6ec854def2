"""Guest accounts: created for visitors without an account, deleted after a day if they wrote nothing."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from django.db.models.functions import Now

from chat.models import Message, Thread, User, raw_delete

# Life of a guest without messages, as the documentation promises.
LIFE = timedelta(days=1)
# Guests removed in one short transaction.
BATCH = 1_000


def create() -> User:
    """Create a guest account with an unguessable name and an unusable password."""
    user = User(username=f"guest-{uuid4().hex}", is_guest=True)
    user.set_unusable_password()
    user.save()
    return user


def delete_idle() -> int:
    """Delete one batch of guests older than LIFE without messages. Return their number."""
    idle = User.objects.filter(is_guest=True, date_joined__lt=Now() - LIFE)
    idle = idle.exclude(pk__in=Message.objects.values("owner_id"))
    idle = idle.filter(holds=None, threads__holds=None)
    pks = list(idle.values_list("pk", flat=True)[:BATCH])
    raw_delete(Thread.objects.filter(owner_id__in=pks))
    User.objects.filter(pk__in=pks).delete()
    return len(pks)
