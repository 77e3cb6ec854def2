"""Checks of open sessions at the provider: who was removed there is out at the next one."""

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
from chat.accounts.single_sign_on import provider, tokens
from chat.conf import settings
from chat.models import SignInRecord

logger = logging.getLogger(__name__)

# Sessions checked at once, and in one round of the background: at 0.1 s each, a round of some seconds.
BATCH = 20
# Until a check that failed for a moment, or that another process began, is made again.
RETRY = timedelta(minutes=2)


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
    """Check one batch of due sessions at the provider. Return their number."""
    if not settings.sso_url:
        return 0
    due = await db.atomic_async(_take)
    await asyncio.gather(*(_check(record) for record in due))
    return len(due)


def _take() -> list[SignInRecord]:
    """Return due sessions, which no other process takes before they are due again."""
    due = SignInRecord.objects.select_for_update(skip_locked=True).filter(refresh_at__lt=Now())
    found = list(due.exclude(session_key="").order_by("refresh_at")[:BATCH])
    SignInRecord.objects.filter(pk__in=[one.pk for one in found]).update(refresh_at=Now() + RETRY)
    return found


async def _check(record: SignInRecord) -> None:
    try:
        stored, _ = encryption.decrypt(record.refresh_token, _row(record), RefreshToken)
        answer = await provider.refresh(stored.token)
    except (provider.RefreshRefused, encryption.Undecryptable) as refusal:
        logger.info("action=sso_session_ended reason=%s", type(refusal).__name__)
        await db.atomic_async(sign_ins.end, record.user_id, record.pk)
    except provider.ProviderError as problem:
        logger.warning("action=sso_check_failed reason=%s", problem)
    else:
        token = answer.get("refresh_token")
        await db.atomic_async(_renewed, record, token if isinstance(token, str) and token else stored.token)


def _renewed(record: SignInRecord, token: str) -> None:
    SignInRecord.objects.filter(pk=record.pk).exclude(session_key="").update(
        refresh_token=encryption.encrypt(RefreshToken(token), _row(record)),
        refresh_at=Now() + timedelta(seconds=settings.sso_refresh_seconds),
    )


def _row(record: SignInRecord) -> str:
    return f"sign-in {record.pk}"
