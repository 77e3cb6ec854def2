"""Answers for `manage.py doctor`, which measures the way from the public address to this server.

Only who knows SECRET_KEY can ask: a key is signed with it, and expires.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, TypedDict
from urllib.parse import parse_qs

from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chat.api import origins
from chat.api.base import json_response
from chat.api.operations import Answer, describe, whole
from chat.api.streaming import EVENT_STREAM, NOT_BUFFERED, ByteStream
from chat.conf import settings
from chat.exceptions import NotFound
from chat.headers import set_headers
from chat.schemas.queries import ProbeQuery, ProbeStreamQuery
from chat.schemas.validation import parse_query

# Salt of the keys, so that no other signature of this server is one.
SALT = "chat.probe"
# Seconds for which a key is good: longer than all measurements take.
KEY_SECONDS = 600
# Pieces of the measured stream, as deltas of a slow model.
PIECES = 4
# Seconds between two of them.
PIECE_SECONDS = 0.25

SOCKET_PATH = "/ws/probe/"
# The one frame of the probe's socket.
GREETING = "ready"


class ProbeFacts(TypedDict):
    """A request as this server sees it."""

    host: str
    hostServed: bool
    scheme: str
    originAllowed: bool
    forwarded: bool


def new_key() -> str:
    return TimestampSigner(salt=SALT).sign("probe")


def check_key(key: str) -> None:
    """Raise NotFound for a key that this installation did not sign lately: other callers do not learn that there is a probe."""
    try:
        TimestampSigner(salt=SALT).unsign(key, max_age=KEY_SECONDS)
    except BadSignature:
        raise NotFound from None


@describe(whole(ProbeFacts), query=ProbeQuery, access="anyone", raises=(NotFound,))
async def facts(request: HttpRequest) -> HttpResponseBase:
    """Answer with what this server sees of a request: for `manage.py doctor`."""
    check_key(parse_query(request.GET, ProbeQuery).key)
    host, scheme = request.headers.get("Host", ""), request.scheme or "http"
    origin = request.headers.get("Origin", "")
    seen: ProbeFacts = {
        "host": host,
        "hostServed": origins.is_served(host),
        "scheme": scheme,
        "originAllowed": origins.is_allowed(origin, scheme, host),
        "forwarded": "X-Forwarded-For" in request.headers and not settings.trusted_proxy,
    }
    return json_response(seen)


@describe(Answer(200, "text/event-stream"), query=ProbeStreamQuery, access="anyone", raises=(NotFound,))
async def stream(request: HttpRequest) -> HttpResponseBase:
    """Send some pieces with pauses, a silence, and a last piece: for `manage.py doctor`."""
    query = parse_query(request.GET, ProbeStreamQuery)
    check_key(query.key)
    return set_headers(ByteStream(_pieces(query.silence), EVENT_STREAM), NOT_BUFFERED)


async def _pieces(silence: float) -> AsyncGenerator[bytes]:
    for number in range(PIECES):
        if number:
            await asyncio.sleep(PIECE_SECONDS)
        yield b": %d\n\n" % number
    await asyncio.sleep(silence)
    yield b": end\n\n"


async def socket(
    scope: Any, receive: Callable[[], Awaitable[Mapping[str, Any]]], send: Callable[[Any], Awaitable[None]]
) -> None:
    """Accept a WebSocket, greet, and close it; refuse one without a key."""
    (key, *_) = parse_qs(scope["query_string"].decode("latin1")).get("key", [""])
    await receive()
    try:
        check_key(key)
    except NotFound:
        await send({"type": "websocket.close"})
        return
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": GREETING})
    await send({"type": "websocket.close"})
