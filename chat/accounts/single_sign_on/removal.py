"""The end of sign-ins and accounts at the provider's word: a refused refresh, or a back-channel log-out.

An account that signs in at the provider alone is out once the provider vouches for none of its sign-ins: its sessions end, and
its API tokens are refused until the next sign-in. Nothing is deleted.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from chat.accounts import sign_ins, suspension
from chat.conf import settings
from chat.models import SignInRecord, User

logger = logging.getLogger(__name__)

# Until a check that failed for a moment, or that another process began, is made again.
RETRY = timedelta(minutes=2)


def end_refused(record: SignInRecord) -> None:
    """End a sign-in that the provider refuses to renew."""
    with transaction.atomic():
        users = _lock([record.user_id])
        sign_ins.end_all(SignInRecord.objects.filter(pk=record.pk))
        SignInRecord.objects.filter(pk=record.pk).update(refresh_token="", refresh_at=None)
        for user in users:
            _reconsider(user, refused=True)


def log_out(subject: str, session: str) -> int:
    """End the sessions of a subject, or of one session, at the provider. Return their number.

    Where the provider named no session at a sign-in, one that it names now may be any of the subject's. The provider is asked
    at once about what else hangs on the accounts: a log-out leaves their tokens alone, a removal does not.
    """
    known = (
        SignInRecord.objects.filter(subject=subject) if subject else SignInRecord.objects.exclude(subject="")
    )
    unnamed = Q(provider_session="") if subject else Q()
    ending = known.filter(Q(provider_session=session) | unnamed) if session else known
    with transaction.atomic():
        users = _lock((known if subject else ending).values_list("user", flat=True))
        ended = sign_ins.end_all(ending)
        for user in users:
            _reconsider(user, refused=not session)
    return ended


def _lock(users: Collection[int]) -> list[User]:
    """Lock and return users, so that of two ends at once the later one sees the other."""
    return list(User.objects.select_for_update(no_key=True).filter(pk__in=set(users)).order_by("pk"))


def _reconsider(user: User, *, refused: bool) -> None:
    """Have the refresh tokens that are left checked at once; if none is, the account is out where `refused`."""
    left = SignInRecord.objects.filter(user=user).exclude(refresh_token="")
    if left.exists():
        # A check under way is due within RETRY: a second one would use its token twice, which providers take for theft.
        left.filter(refresh_at__gt=Now() + RETRY).update(refresh_at=Now())
    elif refused and (settings.sso_only or not user.has_usable_password()):
        User.objects.filter(pk=user.pk).update(sign_in_required=True)
        suspension.end_sessions(user.pk)
        logger.info("action=sso_account_ended user=%d", user.pk)
