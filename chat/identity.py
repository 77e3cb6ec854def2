"""Who is asking: a bearer token, a session, or a guest. One way for HTTP and WebSocket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, login
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from chat import sql
from chat.conf import settings
from chat.errors import Unauthenticated
from chat.models import ApiToken, User
from chat.store import guests

BACKEND = "django.contrib.auth.backends.ModelBackend"

_OF_TOKEN = """
SELECT u.id, u.username, u.is_guest FROM chat_apitoken t JOIN chat_user u ON u.id = t.user_id
WHERE t.digest = %s AND u.is_active
"""


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
    found = sql.row(_OF_TOKEN, [ApiToken.digest_of(token)])
    if found is None:
        raise Unauthenticated("The bearer token is not valid (any more).")
    user, username, guest = found
    return Caller(user, username, guest, by_cookie=False)


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


def _new_guest() -> Caller:
    user, session = guests.create(), _sessions()()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    session.save()
    return Caller(user.pk, user.username, guest=True, by_cookie=True, new_session=session.session_key)


def ensure_guest(request: HttpRequest) -> None:
    """Log a guest in on a page, where guests are on and nobody is logged in."""
    if settings.guests and not request.user.is_authenticated:
        login(request, guests.create(), backend=BACKEND)
