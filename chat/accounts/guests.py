"""Guest accounts: created for visitors without an account, deleted after a day if they wrote nothing."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from django.db.models.functions import Now

from chat.accounts import login_attempts
from chat.exceptions import QuotaExceeded
from chat.models import Message, Thread, User, raw_delete

# Life of a guest without messages, as the documentation promises.
LIFE = timedelta(days=1)
# Guests removed in one short transaction.
BATCH = 1_000
# New guests from one address (a /64 of IPv6) in a window of attempts: a school behind one address, and at most 96,000 rows
# until the first of them are removed a day later.
MAX_NEW_GUESTS_PER_ADDRESS = 1_000
# The same for all addresses together: 480,000 rows a day.
MAX_NEW_GUESTS = 5_000


def create(address: str | None = None) -> User:
    """Create a guest account with an unguessable name and an unusable password.

    Raises QuotaExceeded if too many guests came from this client address, or in all, within the window of attempts.
    """
    limits = {"guests": MAX_NEW_GUESTS}
    if address is not None:
        limits[f"guests from {address}"] = MAX_NEW_GUESTS_PER_ADDRESS
    if not login_attempts.record_attempt(limits):
        raise QuotaExceeded(
            "Too many new guests. Log in, or try again later.",
            quota="new_guests",
            retry_after=login_attempts.WINDOW.total_seconds(),
        )
    user = User(username=f"guest-{uuid4().hex}", is_guest=True)
    user.set_unusable_password()
    user.save()
    return user


def delete_idle() -> int:
    """Delete one batch of guests older than LIFE without messages. Return their number; their sessions follow."""
    idle = User.objects.filter(is_guest=True, date_joined__lt=Now() - LIFE)
    idle = idle.exclude(pk__in=Message.objects.values("owner_id"))
    idle = idle.filter(holds=None, threads__holds=None)
    pks = list(idle.values_list("pk", flat=True)[:BATCH])
    raw_delete(Thread.objects.filter(owner_id__in=pks))
    User.objects.filter(pk__in=pks).delete()
    return len(pks)
