"""Checks of sign-ins at the provider: who was removed there is out at the next one."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

import msgspec
from django.db.models.functions import Now

from chat import db
from chat.accounts import sign_ins
from chat.accounts.mcp_connections import encryption
from chat.accounts.single_sign_on import provider, removal, tokens
from chat.accounts.single_sign_on.removal import RETRY
from chat.conf import settings
from chat.models import SignInRecord

logger = logging.getLogger(__name__)

# Sign-ins checked at once, some 0.1 s each.
BATCH = 20
# Batches in one round of the background, of some seconds in all: with a round every 5 s and a check every 10 minutes, enough
# for 24,000 sign-ins in one process.
BATCHES = 10


class RefreshToken(msgspec.Struct):
    """The fields that are stored encrypted."""

    token: str


def attach(record: SignInRecord, subject: str, session: str, refresh_token: str) -> None:
    """Store what the provider calls the user and the session, and its refresh token unless that is empty."""
    record.subject, record.provider_session = subject, session
    if refresh_token:
        record.refresh_token = encryption.encrypt(RefreshToken(refresh_token), _row(record))
        record.refresh_at = Now() + timedelta(seconds=settings.sso_refresh_seconds)
    record.save()


async def logout_claims(token: str) -> dict[str, Any]:
    """Return the verified claims of a logout token. Raises ProviderError."""
    configured = await provider.configuration()
    keys = provider.parse(await provider.send("GET", str(configured.get("jwks_uri", ""))))
    return tokens.verify_logout_token(token, keys, str(configured["issuer"]))


async def check_due() -> int:
    """Check the due sign-ins at the provider, a bounded number of them. Return their number."""
    if not settings.sso_url:
        return 0
    checked = 0
    for _ in range(BATCHES):
        due = await db.atomic_async(_take)
        answered = await asyncio.gather(*(_check(record) for record in due))
        checked += len(due)
        if len(due) < BATCH or not all(answered):
            break
    return checked


def _take() -> list[SignInRecord]:
    """Return due sign-ins, which no other process takes before they are due again; drop the tokens that nothing needs."""
    due = SignInRecord.objects.select_for_update(skip_locked=True).filter(refresh_at__lt=Now())
    found = list(due.order_by("refresh_at")[:BATCH])
    rows = SignInRecord.objects.filter(pk__in=[one.pk for one in found])
    used = set(sign_ins.in_use(rows).values_list("pk", flat=True))
    rows.filter(pk__in=used).update(refresh_at=Now() + RETRY)
    rows.exclude(pk__in=used).update(refresh_token="", refresh_at=None)
    return [one for one in found if one.pk in used]


async def _check(record: SignInRecord) -> bool:
    """Check a sign-in. Return False where the provider cannot say."""
    try:
        stored, _ = encryption.decrypt(record.refresh_token, _row(record), RefreshToken)
        answer = await provider.refresh(stored.token)
    except (provider.RefreshRefused, encryption.Undecryptable) as refusal:
        logger.info("action=sso_session_ended reason=%s", type(refusal).__name__)
        await db.atomic_async(removal.end_refused, record)
    except provider.ProviderError as problem:
        logger.warning("action=sso_check_failed reason=%s", problem)
        return False
    else:
        token = answer.get("refresh_token")
        await db.atomic_async(_renewed, record, token if isinstance(token, str) and token else stored.token)
    return True


def _renewed(record: SignInRecord, token: str) -> None:
    SignInRecord.objects.filter(pk=record.pk).exclude(refresh_token="").update(
        refresh_token=encryption.encrypt(RefreshToken(token), _row(record)),
        refresh_at=Now() + timedelta(seconds=settings.sso_refresh_seconds),
    )


def _row(record: SignInRecord) -> str:
    return f"sign-in {record.pk}"
