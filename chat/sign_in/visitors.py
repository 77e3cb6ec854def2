"""Conditions of allauth's pages: guests are visitors to it, and some need a setting."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render

from chat.conf import settings
from chat.models import User
from chat.process import process

View = Callable[..., HttpResponseBase]


def guest_of(request: HttpRequest) -> User | None:
    """Return the guest who opened a page that `for_visitors` wraps; None for other visitors."""
    return getattr(request, "guest", None)


def for_visitors(view: View) -> View:
    """Let a guest be a visitor who is not logged in: allauth would send users away from its forms."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = request.user
        if user.is_authenticated and user.is_guest:
            request.guest = User.objects.get(pk=user.pk)  # type: ignore[attr-defined]
            request.user = AnonymousUser()
        return view(request, *args, **kwargs)

    return wrapped


logger = logging.getLogger(__name__)

# Pages of a process that wait for the provider at once: fewer than it makes at once, so that the others go on.
WAITING_FOR_PROVIDER = 4
# Seconds after which a visitor who found no room tries again.
BUSY_SECONDS = 5


class ProviderRoom:
    """The room for pages that wait for the provider."""

    def __init__(self) -> None:
        self.free = threading.BoundedSemaphore(WAITING_FOR_PROVIDER)


def asks_provider(view: View) -> View:
    """Let a page exist only where there is a provider, and refuse it with 503 while too many wait for that."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.sso_url:
            raise Http404
        room = process.part(ProviderRoom)
        if not room.free.acquire(blocking=False):
            busy = render(request, "503.html", {"seconds": BUSY_SECONDS}, status=503)
            busy["Retry-After"] = str(BUSY_SECONDS)
            logger.warning("action=sso_refused reason=busy")
            busy._has_been_logged = True  # type: ignore[attr-defined]  # by Django as an error of the server
            return busy
        try:
            return view(request, *args, **kwargs)
        finally:
            room.free.release()

    return wrapped


def local_only(view: View) -> View:
    """Let a page exist only where users sign in here, too."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if settings.sso_only:
            raise Http404
        return view(request, *args, **kwargs)

    return wrapped


def by_mail(view: View) -> View:
    """Let a page exist only where this server sends mails, and users sign in here, too."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.sends_mail:
            raise Http404
        return local_only(view)(request, *args, **kwargs)

    return wrapped
