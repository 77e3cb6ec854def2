"""Share links of a thread, for its owner; `chat.web.shared_page` serves their readers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chat import db, schemas
from chat.api.base import authenticate, json_response, read_body
from chat.api.encoders import serializers
from chat.threads import shares


async def create(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    caller = await authenticate(request)
    ends = schemas.parse_share_end(read_body(request)) if request.body.strip() else None
    row = await db.atomic_async(shares.create, caller.user, thread_id, ends)
    return json_response(serializers.share(row), 201)


async def list_shares(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    caller = await authenticate(request)
    rows = await db.atomic_async(shares.of_thread, caller.user, thread_id)
    return json_response({"shares": [serializers.share(row) for row in rows]})


async def revoke(request: HttpRequest, thread_id: str, share_id: str) -> HttpResponseBase:
    caller = await authenticate(request)
    await db.atomic_async(shares.revoke, caller.user, share_id, thread_id)
    return HttpResponse(status=204)
