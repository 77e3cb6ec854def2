"""Share links of a thread, for its owner; `chat.web.shared_page` serves their readers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chat import db, schemas
from chat.api.base import authenticate, json_response, parse_body, read_body
from chat.api.encoders import serializers
from chat.api.encoders.shapes import ShareList, ShareState
from chat.api.operations import EMPTY, describe, whole
from chat.exceptions import QuotaExceeded, UnsupportedMediaType
from chat.schemas.threads import ShareBody
from chat.threads import shares


@describe(
    whole(ShareState, 201), body=ShareBody, body_required=False, raises=(QuotaExceeded, UnsupportedMediaType)
)
async def create(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """Make a link to a thread as it is now."""
    caller = await authenticate(request)
    body = read_body(request) if request.body.strip() else b""
    wanted = await parse_body(schemas.parse_share, body)
    row = await db.atomic_async(shares.create, caller.user, thread_id, wanted)
    return json_response(serializers.share(row), 201)


@describe(whole(ShareList))
async def list_shares(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """List the links of a thread, newest first."""
    caller = await authenticate(request)
    rows = await db.atomic_async(shares.of_thread, caller.user, thread_id)
    return json_response({"shares": [serializers.share(row) for row in rows]})


@describe(EMPTY)
async def revoke(request: HttpRequest, thread_id: str, share_id: str) -> HttpResponseBase:
    """Revoke a link."""
    caller = await authenticate(request)
    await db.atomic_async(shares.revoke, caller.user, share_id, thread_id)
    return HttpResponse(status=204)
