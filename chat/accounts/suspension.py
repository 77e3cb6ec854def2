"""Letting somebody in no more, at once and everywhere; and letting them in again."""

from __future__ import annotations

from django.db.models import F

from chat.db import notifications
from chat.models import ACTIVE, Response, User
from chat.responses import lifecycle


def suspend(user: int) -> None:
    """Refuse every session and token of a user, and stop what runs for them. Threads, tokens and password stay."""
    User.objects.select_for_update(no_key=True).filter(pk=user).first()  # no claim comes in between
    User.objects.filter(pk=user).update(is_active=False)
    end_sessions(user)
    stop_all(user)


def restore(user: int) -> None:
    """Let a suspended user in again; they sign in anew."""
    User.objects.filter(pk=user, erasing_since=None).update(is_active=True)


def end_sessions(user: int) -> None:
    """End every session of a user, in every browser, and every open socket; one with a token may come back."""
    User.objects.filter(pk=user).update(session_epoch=F("session_epoch") + 1)
    notifications.notify("refused", user)


def stop_all(user: int) -> None:
    """Ask whoever runs this user's responses to stop them."""
    active = Response.objects.owned_by(user).filter(status__in=ACTIVE)
    for response in active.values_list("pk", flat=True):
        lifecycle.request_stop(response, None)
