"""Who is asking: a bearer token, a session, or a guest. One way for HTTP and WebSocket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import uuid4

from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, login
from django.contrib.sessions.backends.base import SessionBase
from django.db.models.functions import Now
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from chat.conf import settings
from chat.errors import Unauthenticated
from chat.models import ApiToken, Message, Thread, User, raw_delete

BACKEND = "django.contrib.auth.backends.ModelBackend"
GUEST_LIFE = timedelta(days=1)  # of a guest who never wrote anything; the contract's


@dataclass(frozen=True, slots=True)
class Caller:
    """A user who may act. `by_cookie` ones need a CSRF token; `new_session` is the cookie of a guest just made."""

    user: int
    username: str
    guest: bool
    by_cookie: bool
    new_session: str | None = None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request or a handshake brought along."""

    bearer: str | None
    session: str | None

    @classmethod
    def of(cls, authorization: str, cookies: Mapping[str, str]) -> Credentials:
        scheme, _, token = authorization.partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else None
        return cls(bearer, cookies.get(django_settings.SESSION_COOKIE_NAME))


def identify(credentials: Credentials, *, make_guest: bool = False) -> Caller:
    """The caller. A guest is made where `make_guest` says so and guests are on. Raises Unauthenticated."""
    if credentials.bearer is not None:
        return _by_token(credentials.bearer)
    user = _by_session(credentials.session) if credentials.session else None
    if user is not None and user.is_active and (settings.guests or not user.is_guest):
        return Caller(user.pk, user.username, user.is_guest, by_cookie=True)
    if make_guest and settings.guests:
        return _new_guest()
    raise Unauthenticated


def _by_token(token: str) -> Caller:
    rows = ApiToken.objects.filter(digest=ApiToken.digest_of(token), user__is_active=True)
    for user, username, guest in rows.values_list("user_id", "user__username", "user__is_guest"):
        return Caller(user, username, guest, by_cookie=False)
    raise Unauthenticated("The bearer token is not valid (any more).")


def _sessions() -> Any:
    return import_module(django_settings.SESSION_ENGINE).SessionStore


def _by_session(key: str) -> User | None:
    session: SessionBase = _sessions()(session_key=key)
    user = User.objects.filter(pk=int(session.get(SESSION_KEY) or 0)).first()
    # As django.contrib.auth.get_user: a changed password ends the sessions made with the old one.
    if user is None or not constant_time_compare(
        session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()
    ):
        return None
    return user


def _create_guest() -> User:
    user = User(username=f"guest-{uuid4().hex}", is_guest=True)
    user.set_unusable_password()
    user.save()
    return user


def _new_guest() -> Caller:
    user, session = _create_guest(), _sessions()()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    session.save()
    return Caller(user.pk, user.username, guest=True, by_cookie=True, new_session=session.session_key)


def ensure_guest(request: HttpRequest) -> None:
    """Log a guest in on a page, where guests are on and nobody is logged in."""
    if settings.guests and not request.user.is_authenticated:
        login(request, _create_guest(), backend=BACKEND)


def remove_idle_guests() -> int:
    """Delete guests of yesterday who never wrote anything."""
    idle = User.objects.filter(is_guest=True, date_joined__lt=Now() - GUEST_LIFE)
    idle = idle.exclude(pk__in=Message.objects.values("owner_id"))
    pks = list(idle.values_list("pk", flat=True)[:1_000])
    raw_delete(Thread.objects.filter(owner_id__in=pks))
    return User.objects.filter(pk__in=pks).delete()[0]
