"""Security headers of pages and of the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import async_only_middleware

PAGE_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'{nonce}",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
API_POLICY = "default-src 'none'; frame-ancestors 'none'"


@async_only_middleware
def ContentSecurityPolicy(  # noqa: N802 - named like the middlewares beside it
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    """For pages: only what this site serves itself, no inline script, and no inline style but one with the nonce.

    A view that needs one gives it as `request.style_nonce`: the React page's components bring styles of their own.
    """

    async def middleware(request: HttpRequest) -> HttpResponseBase:
        response = await get_response(request)
        nonce = getattr(request, "style_nonce", "")
        policy = PAGE_POLICY.format(nonce=f" 'nonce-{nonce}'" if nonce else "")
        response.headers.setdefault("Content-Security-Policy", policy)
        _secure_cookies(request, response)
        return response

    return middleware


def for_api(request: HttpRequest, response: HttpResponseBase) -> None:
    """The same for the API, which no page is made of."""
    response.headers.setdefault("Content-Security-Policy", API_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", settings.SECURE_REFERRER_POLICY)
    if request.is_secure() and settings.SECURE_HSTS_SECONDS:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}")
    _secure_cookies(request, response)


def _secure_cookies(request: HttpRequest, response: HttpResponseBase) -> None:
    """Secure on https requests, and only there: on http a browser would drop them."""
    if request.is_secure():
        for cookie in response.cookies.values():
            cookie["secure"] = True
