"""Announce the end of access to every process: each then checks the open connections of the user (`chat.accounts.connections`).

Signals cover tokens, sessions and users wherever they are deleted or changed through Django's models.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models.signals import post_delete, post_save

from chat.db import notifications
from chat.models import ApiToken, User

# Fields of a user that decide on access.
ACCESS_FIELDS = frozenset({"password", "is_active", "is_guest", "session_epoch"})


def announce(user: int) -> None:
    """Have every process check the open connections of a user, after the transaction under way."""
    notifications.notify("refused", user)


def close_sockets(user: int) -> None:
    """Have every process close the sockets of a user, whatever opened them, after the transaction under way."""
    notifications.notify("disconnected", user)


def announce_replacement(user: int, session_key: str) -> None:
    """Let the streams of a session go on that is about to be replaced in the same browser. Call it before the key ends."""
    notifications.notify("replaced", user, digest_of(session_key))


def digest_of(session_key: str) -> str:
    """Return the name of a session in notifications; the key itself would open it."""
    return hashlib.sha256(session_key.encode()).hexdigest()


def _on_token_deleted(instance: ApiToken, **_: Any) -> None:
    announce(instance.user_id)


def _on_user_saved(
    instance: User, created: bool, update_fields: Collection[str] | None = None, **_: Any
) -> None:
    if not created and (update_fields is None or ACCESS_FIELDS.intersection(update_fields)):
        announce(instance.pk)


def _on_user_deleted(instance: User, **_: Any) -> None:
    # Idle guests are deleted by the thousand; their sockets end with the next frame or check.
    if not instance.is_guest:
        announce(instance.pk)


def _on_session_deleted(instance: Session, **_: Any) -> None:
    user = str(instance.get_decoded().get(SESSION_KEY, ""))
    if user.isdecimal():
        announce(int(user))


def connect() -> None:
    """Connect the signals."""
    for signal, sender, receiver in (
        (post_delete, ApiToken, _on_token_deleted),
        (post_save, User, _on_user_saved),
        (post_delete, User, _on_user_deleted),
        (post_delete, Session, _on_session_deleted),
    ):
        signal.connect(receiver, sender=sender, dispatch_uid=f"chat.accounts.revocation.{receiver.__name__}")
