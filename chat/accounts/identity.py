"""Authentication by bearer token, session or guest account, shared by HTTP and WebSocket; throttling of login attempts."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any, TypeGuard

from django.conf import settings as django_settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY, login, user_logged_in
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare

from chat.accounts import guests, login_attempts, session_keys
from chat.accounts.addresses import address_of
from chat.conf import settings
from chat.db import sql
from chat.exceptions import InsufficientScope, Unauthenticated
from chat.models import ALL_SCOPES, ApiToken, TokenScope, User

BACKEND = "django.contrib.auth.backends.ModelBackend"

# Passwords tried in a window (`login_attempts.WINDOW`) for one name from one address: more than a person mistypes.
MAX_ATTEMPTS_PER_IP_AND_NAME = 10
# The same for any name: an office behind one address; each attempt costs half a second of CPU.
MAX_ATTEMPTS_PER_IP = 60
# The same from any address: more would let many machines guess, fewer would let one machine lock a person out.
MAX_ATTEMPTS_PER_NAME = 100
# Accounts created from one address in a window.
MAX_SIGN_UPS_PER_IP = 20
# Tokens whose users a process remembers: 0.2 KB each.
MAX_KNOWN_TOKENS = 4_096

_OF_TOKEN = """
SELECT u.id, u.username, u.is_guest, u.sign_in_required, t.scopes, extract(epoch FROM t.expires_at - now())::float8
FROM chat_apitoken t JOIN chat_user u ON u.id = t.user_id
WHERE t.digest = %s AND u.is_active AND (t.expires_at IS NULL OR t.expires_at > now())
"""

EVERY_SCOPE = frozenset(ALL_SCOPES)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Credentials of a request or a WebSocket handshake."""

    bearer: str | None
    session: str | None

    @classmethod
    def of(cls, authorization: str, cookies: Mapping[str, str]) -> Credentials:
        scheme, _, token = authorization.partition(" ")
        bearer = token.strip() if scheme.lower() == "bearer" else None
        return cls(bearer, session_keys.of_cookies(cookies) if cookies else None)


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated user. `by_cookie` callers need a CSRF token; `new_session` is the session key of a new guest.

    `identified_at` is the monotonic time at which the check of the credentials began, `expires_at` that of their end.
    """

    user: int
    username: str
    guest: bool
    by_cookie: bool
    credentials: Credentials
    identified_at: float
    new_session: str | None = None
    scopes: frozenset[str] = EVERY_SCOPE
    expires_at: float | None = None

    def has(self, scope: TokenScope) -> bool:
        """Return whether the caller, or the program's token, has a scope."""
        return scope.value in self.scopes

    def require(self, scope: TokenScope) -> None:
        """Raise InsufficientScope for a program whose token does not have this scope. Every operation asks here."""
        if not self.has(scope):
            raise InsufficientScope(scope=scope.value)


@lru_cache(maxsize=MAX_KNOWN_TOKENS)
def _users_of(digest: str) -> list[int]:
    """Return a list that this process keeps for a token: of its user, once it was accepted here. A guess, to be checked."""
    return []


class Identification:
    """The identification of the caller of one operation, by itself or along with the operation's first statements.

    The latter saves a round trip: those statements are about `expected`, the user of this token when it was used here last, and
    are rolled back where `confirm` raises. `expected` is None where there is no such guess, as for a session.
    """

    def __init__(self, credentials: Credentials, scope: TokenScope) -> None:
        self._credentials, self._scope = credentials, scope
        self._began = time.monotonic()
        self._digest = ApiToken.digest_of(credentials.bearer) if credentials.bearer is not None else ""
        self._caller: Caller | None = None

    @property
    def caller(self) -> Caller:
        """The caller. Raises Unauthenticated where none was identified."""
        if self._caller is None:
            raise Unauthenticated
        return self._caller

    @property
    def expected(self) -> int | None:
        """The user of this token when it was used in this process last."""
        return next(iter(_users_of(self._digest)), None) if self._digest else None

    @property
    def statement(self) -> sql.Statement:
        """The statement whose rows `confirm` takes."""
        return _OF_TOKEN, [self._digest]

    def identify(self) -> int:
        """Return the caller's key. Raises Unauthenticated, InsufficientScope."""
        caller = identify(self._credentials)
        if self._digest:
            _users_of(self._digest)[:] = [caller.user]
        self._accept(caller)
        return caller.user

    def confirm(self, user: int, rows: list[sql.Row]) -> None:
        """Take the `rows` of the statement. Raises as `identify`, and Unauthenticated where they are not the `user`'s."""
        try:
            caller = _of_token(self._credentials, rows, self._began)
            if caller.user != user:
                raise Unauthenticated
        except Unauthenticated:
            _users_of(self._digest).clear()
            raise
        self._accept(caller)

    def _accept(self, caller: Caller) -> None:
        caller.require(self._scope)
        self._caller = caller


def identify(credentials: Credentials) -> Caller:
    """Return the caller with these credentials. Raises Unauthenticated."""
    now = time.monotonic()
    if credentials.bearer is not None:
        return _by_token(credentials, credentials.bearer, now)
    found = _by_session(credentials.session) if credentials.session else None
    if found is None or not found.is_active or not (settings.guests or not found.is_guest):
        raise Unauthenticated
    return Caller(found.pk, found.username, found.is_guest, True, credentials, now)


def identify_or_create_guest(credentials: Credentials, address: str | None) -> Caller:
    """Return the caller, a new guest if guests are on and there is no valid session. Raises Unauthenticated.

    Raises QuotaExceeded beyond the number of new guests. `address` is the client's, None if it is unknown.
    """
    try:
        return identify(credentials)
    except Unauthenticated:
        if credentials.bearer is not None or not settings.guests:
            raise
    now = time.monotonic()
    user = guests.create(address)
    key = _new_session(user)
    return Caller(user.pk, user.username, True, True, Credentials(None, key), now, new_session=key)


def check(caller: Caller, scope: TokenScope) -> None:
    """Raise Unauthenticated if the caller's credentials have ended since, InsufficientScope if they do not reach."""
    present = identify(caller.credentials)
    if present.user != caller.user:
        raise Unauthenticated
    present.require(scope)


def is_accepted(caller: Caller) -> bool:
    """Return True while the credentials of a caller still identify the same user."""
    try:
        return identify(caller.credentials).user == caller.user
    except Unauthenticated:
        return False


def refused(callers: Collection[Caller]) -> set[Caller]:
    """Return the callers whose credentials have ended."""
    return {caller for caller in callers if not is_accepted(caller)}


def _by_token(credentials: Credentials, token: str, now: float) -> Caller:
    return _of_token(credentials, sql.rows(_OF_TOKEN, [ApiToken.digest_of(token)]), now)


def _of_token(credentials: Credentials, rows: list[sql.Row], now: float) -> Caller:
    if not rows:
        raise Unauthenticated("The bearer token is not valid (any more).")
    user, username, guest, sign_in_required, scopes, seconds_left = rows[0]
    if sign_in_required:
        raise Unauthenticated("The token works again after the next sign-in of its user in a browser.")
    end = None if seconds_left is None else now + seconds_left
    return Caller(user, username, guest, False, credentials, now, scopes=_scopes(*scopes), expires_at=end)


# Few different ones are in use, and each open stream holds its caller's.
@lru_cache(maxsize=64)
def _scopes(*names: str) -> frozenset[str]:
    return frozenset(names)


def _sessions() -> Any:
    return import_module(django_settings.SESSION_ENGINE).SessionStore


def _by_session(key: str) -> User | None:
    session: SessionBase = _sessions()(session_key=key)
    user = User.objects.filter(pk=int(session.get(SESSION_KEY) or 0)).first()
    return user if user is not None and _was_made_for(session, user) else None


def _was_made_for(session: SessionBase, user: User) -> bool:
    """Return whether a session was made with the user's present password, as django.contrib.auth.get_user finds out.

    It may have been made under a former SECRET_KEY.
    """
    known = session.get(HASH_SESSION_KEY, "")
    hashes = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(known, one) for one in hashes)


def _new_session(user: User) -> str:
    session = _sessions()()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = BACKEND
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    session.save()
    return str(session.session_key)


def admitted(user: User | AnonymousUser) -> TypeGuard[User]:
    """Return True for a logged-in user; guests count only while guests are on."""
    return user.is_authenticated and (settings.guests or not user.is_guest)


def ensure_guest(request: HttpRequest) -> None:
    """Log a new guest in on a page, where guests are on and the visitor is not logged in. Raises QuotaExceeded."""
    if settings.guests and not request.user.is_authenticated:
        login(request, guests.create(address_of(request)), backend=BACKEND)


class LoginThrottleBackend:
    """Authentication backend that only throttles: it rejects too many attempts before a password is checked.

    As the first backend it covers every login form, the admin's too. A rejected request gets the attribute `tried_too_often`.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, **credentials: Any
    ) -> None:
        if username is not None and not login_attempts.record_attempt(_tries(request, username)):
            if request is not None:
                request.tried_too_often = True  # type: ignore[attr-defined]
            raise PermissionDenied


def may_try_own_password(user: User) -> bool:
    """Count an attempt of a logged-in user at their own password; return False after too many."""
    return login_attempts.record_attempt(_own_attempts(user))


def forget_own_attempts(user: User) -> None:
    """Forget the attempts of a user who has entered their own password."""
    login_attempts.clear(list(_own_attempts(user)))


def _own_attempts(user: User) -> dict[str, int]:
    return {f"own password of {user.pk}": MAX_ATTEMPTS_PER_IP_AND_NAME}


def may_sign_up(request: HttpRequest) -> bool:
    """Count a sign-up by this address; return False if it has made too many."""
    ip_address = address_of(request)
    return ip_address is None or login_attempts.record_attempt(
        {f"sign-up from {ip_address}": MAX_SIGN_UPS_PER_IP}
    )


def _tries(request: HttpRequest | None, username: str) -> dict[str, int]:
    name = username.casefold()[:150]
    ip_address = address_of(request) if request is not None else None
    limits = {f"name {name}": MAX_ATTEMPTS_PER_NAME}
    if ip_address is not None:
        limits |= {
            f"from {ip_address}": MAX_ATTEMPTS_PER_IP,
            f"name {name} from {ip_address}": MAX_ATTEMPTS_PER_IP_AND_NAME,
        }
    return limits


def _succeeded(request: HttpRequest | None, user: User, **_: Any) -> None:
    """Forget a user's failed attempts after a login; attempts of the same address for other names still count."""
    if not user.is_guest:
        login_attempts.clear([key for key in _tries(request, user.get_username()) if key.startswith("name ")])


user_logged_in.connect(_succeeded, dispatch_uid="chat.accounts.identity.succeeded")
