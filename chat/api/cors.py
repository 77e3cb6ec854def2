"""Access for browser pages of other origins (WHATWG Fetch, CORS): those in CHAT_ALLOWED_ORIGINS, by bearer token alone.

    path("api/ag-ui", cross_origin(post=ag_ui.run))   # in place of `endpoint`
    caller = await authenticate_client(request)       # on the routes that send prompts

Cookies are never allowed: an answer to another origin has no `Access-Control-Allow-Credentials`.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from chat.accounts.identity import Caller
from chat.api import origins
from chat.api.base import View, authenticate_by_origin, authenticate_by_token, endpoint
from chat.models import TokenScope

# Headers of answers that a page may read beside the safelisted ones.
EXPOSED = ", ".join(
    (
        "X-Response-Id",
        "X-Thread-Id",
        "X-Response-Status",
        "Retry-After",
        "x-vercel-ai-ui-message-stream",
        "Stream-Next-Offset",
        "Stream-Up-To-Date",
        "Stream-Closed",
        "Stream-Cursor",
        "ETag",
    )
)

# Seconds for which a browser may reuse the answer to a preflight; Chromium's own limit is two hours.
PREFLIGHT_SECONDS = 600


def cross_origin(**methods: View) -> Any:
    """Build the view of one path as `endpoint` does, and let pages of the allowed origins call it with a bearer token."""
    answer = endpoint(any_host=False, **methods)
    allowed = ", ".join(name.upper() for name in methods)

    @wraps(answer)
    async def view(request: HttpRequest, **ids: str) -> HttpResponseBase:
        if _is_preflight(request):
            return _preflight(request, allowed)
        response: HttpResponseBase = await answer(request, **ids)
        patch_vary_headers(response, ["Origin"])
        if _may_read(request):
            response["Access-Control-Allow-Origin"] = request.headers["Origin"]
            response["Access-Control-Expose-Headers"] = EXPOSED
        return response

    return view


async def authenticate_client(request: HttpRequest, scope: TokenScope | None = None) -> Caller:
    """Return the caller on a route that sends prompts: as on `/api/chat`, or a page of an allowed origin by its token.

    Raise ForbiddenOrigin, Unauthenticated or InsufficientScope. `scope`: where the body decides on it, and not the route.
    """
    if not _may_read(request):
        return await authenticate_by_origin(request, scope)
    return await authenticate_by_token(request, scope)


def _is_preflight(request: HttpRequest) -> bool:
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def _preflight(request: HttpRequest, methods: str) -> HttpResponse:
    """Return the answer to a preflight, which browsers send without credentials; without headers it refuses."""
    response = HttpResponse(status=204)
    patch_vary_headers(response, ["Origin", "Access-Control-Request-Headers"])
    if origins.is_listed(request.headers.get("Origin", "")):
        response["Access-Control-Allow-Origin"] = request.headers["Origin"]
        response["Access-Control-Allow-Methods"] = methods
        response["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "")
        response["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
    return response


def _may_read(request: HttpRequest) -> bool:
    """Return True for a request with a bearer token from a page of an allowed origin."""
    scheme = request.headers.get("Authorization", "").partition(" ")[0]
    return scheme.lower() == "bearer" and origins.is_listed(request.headers.get("Origin", ""))
