"""The series of this server for Prometheus."""

from __future__ import annotations

import ipaddress
import secrets
from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chat import db
from chat.api.operations import Answer, describe
from chat.conf import settings
from chat.exceptions import NotFound, Unauthenticated, Unavailable
from chat.responses import waiting
from chat.telemetry import telemetry

# Headers that proxies add: a request with one comes from elsewhere, whatever its address says.
PROXY_HEADERS = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


@describe(Answer(200, "text/plain"), access="anyone", raises=(Unauthenticated, NotFound))
async def show(request: HttpRequest) -> HttpResponseBase:
    """Answer with all series, to a bearer of `CHAT_METRICS_TOKEN`, or without one to programs on this machine."""
    metrics = telemetry().metrics
    if metrics is None:
        raise NotFound
    _check_access(request)
    with suppress(Unavailable):  # the other figures are wanted all the more then
        metrics.set_waiting(await db.run_async(waiting.count))
    body, content_type = metrics.render(request.headers.get("Accept", ""))
    response = HttpResponse(body, content_type=content_type)
    response["Cache-Control"] = "no-store"
    return response


def _check_access(request: HttpRequest) -> None:
    """Raise Unauthenticated for a wrong token, and NotFound for a request from elsewhere where no token is set."""
    if settings.metrics_token:
        given = request.headers.get("Authorization", "").encode()
        if not secrets.compare_digest(given, f"Bearer {settings.metrics_token}".encode()):
            raise Unauthenticated
    elif not _comes_from_this_machine(request):
        raise NotFound


def _comes_from_this_machine(request: HttpRequest) -> bool:
    if settings.trusted_proxy or any(name in request.headers for name in PROXY_HEADERS):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR") or "").is_loopback
    except ValueError:
        return False
