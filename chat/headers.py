"""Security headers of pages and of the API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from typing import TypeVar

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
        "manifest-src 'self'",
        "connect-src 'self'",
        # The sandboxed frame that draws diagrams.
        "frame-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
API_POLICY = "default-src 'none'; frame-ancestors 'none'"

R = TypeVar("R", bound=HttpResponseBase)

# Names and values of headers by their names in small letters, as Django's mapping keeps them.
Named = dict[str, tuple[str, str]]


@async_only_middleware
def ContentSecurityPolicy(  # noqa: N802 - named like the middlewares beside it
    get_response: Callable[[HttpRequest], Awaitable[HttpResponseBase]],
) -> Callable[[HttpRequest], Awaitable[HttpResponseBase]]:
    """Let pages load only this site's own files: no inline script, and no inline style without the nonce.

    A view that needs a nonce sets `request.style_nonce`, because the React page's components add style elements.
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
    """Set the security headers of an answer of the API: its content never becomes a page."""
    kept = response.headers._store
    for key, named in _api_headers().items():
        kept.setdefault(key, named)
    if settings.SECURE_HSTS_SECONDS and request.is_secure():
        response.headers.setdefault("Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}")
    if response.cookies:
        _secure_cookies(request, response)


@cache
def _api_headers() -> Named:
    return _named(
        {
            "Content-Security-Policy": API_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        }
    )


def set_headers(response: R, headers: Mapping[str, str]) -> R:
    """Set headers of printable ASCII, unchecked: Django checks and encodes each by nine calls of Python."""
    response.headers._store.update(_named(headers))
    return response


def _named(headers: Mapping[str, str]) -> Named:
    return {name.lower(): (name, value) for name, value in headers.items()}


def _secure_cookies(request: HttpRequest, response: HttpResponseBase) -> None:
    """Mark cookies secure on https requests only: on http a browser would drop them."""
    if request.is_secure():
        for cookie in response.cookies.values():
            cookie["secure"] = True
