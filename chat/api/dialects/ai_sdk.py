"""Routes of Vercel's AI SDK and of assistant-ui: `useChat` with its reconnect, a stop, and the messages of a chat."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from chat import db, service
from chat.accounts.identity import Caller
from chat.api.base import CLIENT_BODY_BYTES, authenticate, json_response, read_body, set_session_cookie
from chat.api.cors import authenticate_client
from chat.api.encoders.ai_sdk import HEADER, AiSdkEncoder
from chat.api.encoders.ai_sdk_messages import ui_message
from chat.api.streaming import ByteStream, set_headers, stream_marked
from chat.api.threads import MAX_MESSAGES
from chat.exceptions import NotFound
from chat.models import Response, Status
from chat.schemas import Content
from chat.schemas import ai_sdk as schemas
from chat.threads import attachments, inline_pictures, messages, reply_details, threads
from chat.threads.messages import MessageRange

# Seconds for which an ended answer is given to a client that reconnects: one cut off right before the end keeps a torn answer.
REPLAY_SECONDS = 60


async def send(request: HttpRequest) -> HttpResponseBase:
    body = read_body(request, CLIENT_BODY_BYTES)
    caller = await authenticate_client(request)
    wanted = schemas.parse_chat(body)
    row = await _find(caller, wanted.response_id)
    if row is None:
        prepared = await db.atomic_async(inline_pictures.store, caller.user, wanted)
        row = await service.send(caller, prepared)
    return set_session_cookie(request, await _stream(caller, row), caller)


async def _find(caller: Caller, response_id: str | None) -> Response | None:
    """Return the response of this id if it is known: whatever else a request says, it attaches to that."""
    if response_id is not None:
        with suppress(NotFound):
            return await db.atomic_async(threads.response, caller.user, response_id)
    return None


async def _stream(caller: Caller, row: Response) -> ByteStream:
    return set_headers(await stream_marked(caller, row, AiSdkEncoder(row)), HEADER)


async def reconnect(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """Stream the newest answer of a chat from its beginning while it runs, and shortly after; else 204."""
    caller = await authenticate(request)
    row = await db.atomic_async(threads.newest_response, caller.user, thread_id)
    if row is None or not _is_replayed(row):
        return HttpResponse(status=204)
    return await _stream(caller, row)


def _is_replayed(row: Response) -> bool:
    if row.finished_at is None:
        return True
    return row.status != Status.STOPPED and timezone.now() - row.finished_at < timedelta(
        seconds=REPLAY_SECONDS
    )


async def stop(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    caller = await authenticate(request)
    row = await service.stop_thread(caller, thread_id, schemas.parse_stop(request.body))
    return json_response({"status": None if row is None else row.status})


async def show(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    caller = await authenticate(request)
    return json_response(await db.atomic_async(_chat, caller.user, thread_id))


def _chat(owner: int, thread_id: str) -> dict[str, Any]:
    """Return a chat with the messages of its shown branch. Raise NotFound."""
    row = threads.find(owner, thread_id)
    shown, _ = messages.page(owner, thread_id, MessageRange(limit=MAX_MESSAGES))
    details = reply_details.of_replies(owner, shown)
    contents = [Content(bytes(view.content).decode(), parts=True) for view in shown if view.has_parts]
    media = attachments.media_types(owner, contents)
    return {
        "id": row.public_id,
        "messages": [ui_message(view, details, media) for view in shown],
        "activeResponseId": getattr(row, "active_response_id", None),
    }
