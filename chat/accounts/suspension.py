"""Suspension takes effect at once: sessions, tokens, sockets and running responses end."""

from __future__ import annotations

from django.db.models import F

from chat.accounts import revocation
from chat.models import ACTIVE, Response, User
from chat.responses import lifecycle


def suspend(user: int) -> None:
    """Refuse every session and token of a user, and stop their responses. Threads, tokens and password stay."""
    User.objects.select_for_update(no_key=True).filter(pk=user).first()  # no claim comes in between
    User.objects.filter(pk=user).update(is_active=False)
    end_sessions(user)
    stop_all(user)


def restore(user: int) -> None:
    """Admit a suspended user again; they have to log in anew."""
    User.objects.filter(pk=user, erasing_since=None).update(is_active=True)


def end_sessions(user: int) -> None:
    """End all sessions of a user with their streams, and close all open sockets; one with a token may reconnect."""
    User.objects.filter(pk=user).update(session_epoch=F("session_epoch") + 1)
    revocation.announce(user)
    revocation.close_sockets(user)


def stop_all(user: int) -> None:
    """Request a stop of all responses of a user, in every process."""
    active = Response.objects.owned_by(user).filter(status__in=ACTIVE)
    for response in active.values_list("pk", flat=True):
        lifecycle.request_stop(response, None)
