"""Common parts of all views: authentication, CSRF, and errors as problem documents (RFC 9457)."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from django.conf import settings as django_settings
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware, get_token
from django.views.decorators.csrf import csrf_exempt

from chat import db, service
from chat.accounts import identity, session_keys
from chat.accounts.addresses import address_of
from chat.accounts.identity import Caller, Credentials
from chat.api import origins
from chat.api.operations import SAFE_METHODS, scope_of
from chat.exceptions import (
    BadRequest,
    ChatError,
    CsrfFailed,
    ForbiddenOrigin,
    InsufficientScope,
    MethodNotAllowed,
    NotFound,
    Problem,
    RangeNotSatisfiable,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
    format_traceback_without_message,
)
from chat.models import TokenScope
from chat.schemas import is_id

logger = logging.getLogger(__name__)

R = TypeVar("R", bound=HttpResponseBase)
T = TypeVar("T")
B = TypeVar("B", bytes, str)

View = Callable[..., Awaitable[HttpResponseBase]]

# Bytes of any request body but a replacement: 64 KiB of content is at most 384 KiB in JSON's escapes.
BODY_BYTES = 1024 * 1024
# Bytes of a request's body in other clients' protocols, which send a thread's old pictures along with each prompt.
CLIENT_BODY_BYTES = 8 * 1024 * 1024
# Bytes of a body that is parsed in the event loop, which takes some 10 ms at most; of 8 MiB it would take a second.
LOOP_BODY_BYTES = 64 * 1024

# The entry in a request's META of the scope that a token needs for it.
_SCOPE = "chat.scope"

PROBLEM_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Route:
    """The methods of one path, and the content of its errors."""

    methods: dict[str, View]
    error_type: str = PROBLEM_TYPE
    error_shape: Any = Problem


def endpoint(*, any_host: bool = False, **methods: View) -> Any:
    """Build the view of one path from its methods (`get=…, post=…`); every error becomes a problem document.

    `any_host` views are answered whatever the Host header says. An id that cannot be one is unknown.
    """
    allowed = {name.upper(): view for name, view in methods.items()}
    if "GET" in allowed:
        allowed["HEAD"] = allowed["GET"]
    scopes = {name: scope_of(name, view) for name, view in allowed.items()}

    # `authenticate` checks it instead: only for callers identified by cookie, and with the API's own error.
    @csrf_exempt
    async def view(request: HttpRequest, **ids: str) -> HttpResponseBase:
        try:
            if not any_host:
                request.get_host()  # raises DisallowedHost
            selected = _select_view(allowed, request)
            request.META[_SCOPE] = scopes[str(request.method)]
            if not all(map(is_id, ids.values())):
                raise NotFound
            return await selected(request, **ids)
        except ChatError as error:
            return problem(error)
        except RequestDataTooBig:
            return problem(TooLarge())
        except (SuspiciousOperation, UnicodeError):
            return problem(
                BadRequest("The request's head cannot be read, or names a host that is not served here.")
            )
        except Exception as error:
            logger.error(
                "action=view_failed reason=%s\n%s",
                type(error).__name__,
                format_traceback_without_message(error),
            )
            return problem(Unavailable("Something went wrong on the server. Nothing was lost; try again."))

    view.route = Route({name.upper(): one for name, one in methods.items()})  # type: ignore[attr-defined]
    return view


def route_of(view: Callable[..., Any]) -> Route | None:
    """Return the route of a view built by `endpoint`, which needs no middleware and never raises; None for any other."""
    return getattr(view, "route", None)


def is_endpoint(view: Callable[..., Any]) -> bool:
    """Return True for a view built by `endpoint`."""
    return route_of(view) is not None


def _select_view(allowed: dict[str, View], request: HttpRequest) -> View:
    if request.method not in allowed:
        raise MethodNotAllowed(f"This path takes {', '.join(allowed)}.", allow=list(allowed))
    return allowed[request.method]


def problem(error: ChatError) -> HttpResponse:
    """Return the problem document of an error, with its headers."""
    response = HttpResponse(
        msgspec.json.encode(error.problem()), status=error.status, content_type=PROBLEM_TYPE
    )
    if error.retry_after is not None:
        response["Retry-After"] = str(math.ceil(error.retry_after))
    if isinstance(error, MethodNotAllowed):
        response["Allow"] = ", ".join(error.fields.get("allow", []))
    if isinstance(error, RangeNotSatisfiable):  # RFC 9110, section 15.5.17
        response["Content-Range"] = f"bytes */{error.fields['size']}"
    if error.status == 401:
        response["WWW-Authenticate"] = "Bearer"
    if isinstance(error, InsufficientScope):  # RFC 6750, section 3.1
        needed = error.fields["scope"]
        response["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{needed}"'
    response["Cache-Control"] = "no-store"
    return response


def json_response(value: Any, status: int = 200) -> HttpResponse:
    response = HttpResponse(msgspec.json.encode(value), status=status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    return response


async def unknown_route(request: HttpRequest, **_: str) -> HttpResponseBase:
    """Raise NotFound for an API path that does not exist."""
    raise NotFound


def read_body(request: HttpRequest, limit: int = BODY_BYTES) -> bytes:
    """Return the JSON body. Raises UnsupportedMediaType and TooLarge."""
    if request.content_type != "application/json":
        raise UnsupportedMediaType
    return read_optional_body(request, limit)


def read_optional_body(request: HttpRequest, limit: int = BODY_BYTES) -> bytes:
    """Return a body that may be missing, whatever its type. Raises TooLarge."""
    body: bytes = request.body  # each use asks Django for its limits
    if len(body) > limit:
        raise TooLarge(f"The body has more than {limit} bytes.", limit=limit)
    return body


async def parse_body(parse: Callable[[B], T], body: B) -> T:
    """Return what `parse` makes of a body or frame; of a long one in a thread, for others wait for the event loop."""
    return parse(body) if len(body) <= LOOP_BODY_BYTES else await asyncio.to_thread(parse, body)


async def authenticate(request: HttpRequest, *, make_guest: bool = False) -> Caller:
    """Return the caller. Raises Unauthenticated, and CsrfFailed for a caller by cookie without the CSRF token."""
    caller = await _identify(request, make_guest)
    if caller.by_cookie and request.method not in SAFE_METHODS:
        _check_csrf(request)
    return caller


async def authenticate_by_session(request: HttpRequest) -> Caller:
    """Return the caller by cookie: a stolen token must not be able to get others. Raise NotFound for one by token."""
    caller = await authenticate(request)
    if not caller.by_cookie:
        raise NotFound
    return caller


async def authenticate_by_origin(request: HttpRequest, scope: TokenScope | None = None) -> Caller:
    """Return the caller on the routes that C1's client calls without a CSRF token; the origin protects them.

    `scope`: where the body decides on it, and not the route.
    """
    check_origin(request)
    return await _identify(request, make_guest=True, scope=scope)


def check_origin(request: HttpRequest) -> None:
    """Raise ForbiddenOrigin for a request that a page of another origin makes."""
    # `request.headers` would make a mapping of all headers first.
    origin, site = request.META.get("HTTP_ORIGIN"), request.META.get("HTTP_SEC_FETCH_SITE")
    if origin is not None and not origins.is_allowed(origin, request.scheme or "http", request.get_host()):
        raise ForbiddenOrigin
    if site is not None and site not in origins.OWN_FETCH_SITES:
        raise ForbiddenOrigin


async def authenticate_by_token(request: HttpRequest, scope: TokenScope | None = None) -> Caller:
    """Return the caller of a page of another origin, whose cookies do not count."""
    return await _identify(request, make_guest=False, scope=scope, cookies={})


async def _identify(
    request: HttpRequest,
    make_guest: bool,
    scope: TokenScope | None = None,
    cookies: Mapping[str, str] | None = None,
) -> Caller:
    """Return the caller. Raise Unauthenticated, and InsufficientScope where the token does not reach."""
    credentials = credentials_of(request, cookies)
    if make_guest:
        caller = await service.identify_or_create_guest(credentials, address_of(request))
    else:
        caller = await db.run_async(identity.identify, credentials)
    caller.require(scope or scope_wanted(request))
    return caller


def credentials_of(request: HttpRequest, cookies: Mapping[str, str] | None = None) -> Credentials:
    """Return the credentials of a request, unchecked. `cookies`: those that count in place of its own."""
    if cookies is None:
        cookies = request.COOKIES if "HTTP_COOKIE" in request.META else {}
    return Credentials.of(request.META.get("HTTP_AUTHORIZATION", ""), cookies)


def scope_wanted(request: HttpRequest) -> TokenScope:
    """Return the scope that a token needs for the route of a request."""
    scope: TokenScope = request.META.get(_SCOPE, TokenScope.MANAGE)
    return scope


def _check_csrf(request: HttpRequest) -> None:
    session_keys.rename_csrf_cookie(request)
    check = CsrfViewMiddleware(lambda _: HttpResponse())
    # In a POST the check would look for the token in the body, and parse a form as large as a file for it.
    checked = copy(request)
    checked.method = "PUT"
    check.process_request(checked)
    if check.process_view(checked, _empty_response, (), {}) is not None:
        raise CsrfFailed


def _empty_response(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def csrf_token(request: HttpRequest) -> tuple[str, Callable[[HttpResponse], HttpResponseBase]]:
    """Return the CSRF token of this browser and a function that sets its cookie on a response."""
    session_keys.rename_csrf_cookie(request)
    check = CsrfViewMiddleware(lambda _: HttpResponse())
    check.process_request(request)
    token = get_token(request)
    return token, lambda response: check.process_response(request, response)


def set_session_cookie(request: HttpRequest, response: R, caller: Caller) -> R:
    """Set the session cookie of a new guest."""
    if caller.new_session is not None:
        response.set_cookie(
            django_settings.SESSION_COOKIE_NAME,
            caller.new_session,
            max_age=django_settings.SESSION_COOKIE_AGE,
            path=django_settings.SESSION_COOKIE_PATH,
            secure=request.is_secure(),
            httponly=True,
            samesite="Lax",
        )
    return response
