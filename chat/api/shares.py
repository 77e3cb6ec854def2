"""Share links of a thread, for its owner; `chat.web.shared_page` serves their readers."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chat import schemas, service
from chat.api.base import authenticate, json_response, read_body
from chat.api.encoders import serializers


async def create(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    caller = await authenticate(request)
    ends = schemas.parse_share_end(read_body(request)) if request.body.strip() else None
    return json_response(serializers.share(await service.share(caller, thread_id, ends)), 201)


async def list_shares(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    rows = await service.list_shares(await authenticate(request), thread_id)
    return json_response({"shares": [serializers.share(row) for row in rows]})


async def revoke(request: HttpRequest, thread_id: str, share_id: str) -> HttpResponseBase:
    await service.revoke_share(await authenticate(request), thread_id, share_id)
    return HttpResponse(status=204)
