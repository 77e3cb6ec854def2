"""Threads as OpenUI's `restStorage` keeps them: another view on the routes of `chat.api.threads`."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chat import db, service
from chat.api.base import CLIENT_BODY_BYTES, authenticate, json_response, parse_body, read_body
from chat.api.encoders.ag_ui_messages import ag_ui_messages
from chat.api.encoders.dialect_shapes import StoredThread, StoredThreads
from chat.api.operations import EMPTY, describe, whole
from chat.exceptions import QuotaExceeded
from chat.models import Thread, TokenScope
from chat.schemas import NewThread, ThreadChange
from chat.schemas.openui import FirstMessageBody, TitleBody, parse_first_message, parse_title
from chat.schemas.queries import DEFAULT_THREADS, MAX_MESSAGES, PageQuery
from chat.schemas.validation import parse_query
from chat.threads import messages, threads
from chat.threads.messages import MessageRange
from chat.threads.threads import Listing


@describe(whole(StoredThreads), query=PageQuery)
async def list_threads(request: HttpRequest) -> HttpResponseBase:
    """List the threads of the user."""
    cursor = parse_query(request.GET, PageQuery).cursor or None
    wanted = Listing(limit=DEFAULT_THREADS, cursor=cursor, words="", archived=False)
    page = await service.list_threads(await authenticate(request), wanted)
    # Null would mean more to its client, too.
    more = {} if page.next_cursor is None else {"nextCursor": page.next_cursor}
    return json_response({"threads": [_thread(row) for row, _ in page.threads], **more})


@describe(whole(list[dict[str, Any]]))
async def show(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """List the messages of a thread in AG-UI's form."""
    caller = await authenticate(request)
    wanted = MessageRange(limit=MAX_MESSAGES)
    shown, _ = await db.atomic_async(messages.page, caller.user, thread_id, wanted)
    return json_response(ag_ui_messages(shown))


@describe(whole(StoredThread, 201), body=FirstMessageBody, raises=(QuotaExceeded,), scope=TokenScope.SEND)
async def create(request: HttpRequest) -> HttpResponseBase:
    """Create a thread with the title of its first message, which the prompt brings once more and is not stored yet."""
    caller = await authenticate(request)
    first = await parse_body(parse_first_message, read_body(request, CLIENT_BODY_BYTES))
    row, _ = await service.create_thread(caller, NewThread(None, None, first, None, None))
    return json_response(_thread(row), 201)


@describe(whole(StoredThread), body=TitleBody, raises=(QuotaExceeded,))
async def update(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """Change the title of a thread."""
    caller = await authenticate(request)
    change = ThreadChange(await parse_body(parse_title, read_body(request)), None, None, None)
    return json_response(_thread(await db.atomic_async(threads.change, caller.user, thread_id, change)))


@describe(EMPTY)
async def delete(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """Delete a thread with everything in it."""
    await service.delete_thread(await authenticate(request), thread_id)
    return HttpResponse(status=204)


def _thread(row: Thread) -> dict[str, Any]:
    return {"id": row.public_id, "title": row.title, "createdAt": row.created_at}
