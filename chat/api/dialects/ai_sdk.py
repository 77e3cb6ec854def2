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
from chat.api.base import (
    CLIENT_BODY_BYTES,
    authenticate,
    json_response,
    parse_body,
    read_body,
    read_optional_body,
    set_session_cookie,
)
from chat.api.cors import authenticate_client
from chat.api.dialects import brought_answers
from chat.api.encoders.ai_sdk import HEADER, AiSdkEncoder
from chat.api.encoders.ai_sdk_messages import OpenCalls, ui_message
from chat.api.encoders.dialect_shapes import NewestStatus, UiChat
from chat.api.operations import EMPTY, SENDING, describe, streamed, whole
from chat.api.streaming import ByteStream, stream_marked
from chat.exceptions import NotFound, NotWaiting
from chat.headers import set_headers
from chat.models import Response, Status, TokenScope
from chat.schemas import Content
from chat.schemas import ai_sdk as schemas
from chat.schemas.ai_sdk import AnswersRequest, ChatBody, ChatStopBody
from chat.schemas.queries import MAX_MESSAGES
from chat.threads import attachments, messages, reply_details, threads
from chat.threads.messages import MessageRange

# Seconds for which an ended answer is given to a client that reconnects: one cut off right before the end keeps a torn answer.
REPLAY_SECONDS = 60

# The header in which a page names its version of the SDK.
VERSION_HEADER = "X-AI-SDK-Version"
# The first version of the SDK that knows approvals; those before refuse them.
APPROVALS_SINCE = 6


@describe(
    streamed(),
    body=ChatBody,
    headers=(VERSION_HEADER,),
    access="origin",
    raises=(*SENDING, NotWaiting),
    scope=TokenScope.SEND,
)
async def send(request: HttpRequest) -> HttpResponseBase:
    """Answer the last message of a chat with the parts of a UI message stream, or go on behind the answers that it holds."""
    body = read_body(request, CLIENT_BODY_BYTES)
    caller = await authenticate_client(request)
    wanted, approves = await parse_body(schemas.parse_chat, body), knows_approvals(request)
    if isinstance(wanted, AnswersRequest):
        encoder = await _behind_answers(caller, wanted, approves=approves or wanted.approves)
        return await _stream(caller, encoder)
    row = await _find(caller, wanted.response_id)
    if row is None:
        row = await service.send(caller, wanted)
    stream = await _stream(caller, AiSdkEncoder(row, approves=approves))
    return set_session_cookie(request, stream, caller)


def knows_approvals(request: HttpRequest) -> bool:
    """Return whether the client says that its version of the SDK knows approvals; the SDK itself names no version."""
    major = request.headers.get(VERSION_HEADER, "").partition(".")[0]
    return major.isascii() and major.isdigit() and len(major) < 4 and int(major) >= APPROVALS_SINCE


async def _behind_answers(caller: Caller, wanted: AnswersRequest, *, approves: bool) -> AiSdkEncoder:
    """Take the answers, and return the encoder of what follows them."""
    named = {"response": wanted.response, "thread": wanted.thread}
    of = {name: value for name, value in named.items() if value is not None}
    row, answered = await brought_answers.take_known(caller, wanted.brought, "messages", **of)
    return AiSdkEncoder(row, approves=approves, answered=answered)


async def _find(caller: Caller, response_id: str | None) -> Response | None:
    """Return the response of this id if it is known: whatever else a request says, it attaches to that.

    That of a program that may not read is the repetition of its prompt, or refused.
    """
    if response_id is not None and caller.has(TokenScope.READ):
        with suppress(NotFound):
            return await db.atomic_async(threads.response, caller.user, response_id)
    return None


async def _stream(caller: Caller, encoder: AiSdkEncoder) -> ByteStream:
    return set_headers(await stream_marked(caller, encoder.row, encoder), HEADER)


@describe(streamed(), EMPTY, headers=(VERSION_HEADER,))
async def reconnect(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """Stream the newest answer of a chat from its beginning while it runs, and shortly after; else 204."""
    caller = await authenticate(request)
    row = await db.atomic_async(threads.newest_response, caller.user, thread_id)
    if row is None or not _is_replayed(row):
        return HttpResponse(status=204)
    return await _stream(caller, AiSdkEncoder(row, approves=knows_approvals(request)))


def _is_replayed(row: Response) -> bool:
    if row.finished_at is None:
        return True
    return row.status != Status.STOPPED and timezone.now() - row.finished_at < timedelta(
        seconds=REPLAY_SECONDS
    )


@describe(whole(NewestStatus), body=ChatStopBody, body_required=False, scope=TokenScope.SEND)
async def stop(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """Stop what runs in a chat, and keep the text that the client shows."""
    caller = await authenticate(request)
    shown = await parse_body(schemas.parse_stop, read_optional_body(request))
    row = await service.stop_thread(caller, thread_id, shown)
    return json_response({"status": None if row is None else row.status})


@describe(whole(UiChat), headers=(VERSION_HEADER,))
async def show(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """Show a chat with the messages of its branch."""
    caller = await authenticate(request)
    return json_response(await db.atomic_async(_chat, caller.user, thread_id, knows_approvals(request)))


def _chat(owner: int, thread_id: str, approves: bool) -> dict[str, Any]:
    """Return a chat with the messages of its shown branch. Raise NotFound."""
    row = threads.find(owner, thread_id)
    shown, _ = messages.page(owner, thread_id, MessageRange(limit=MAX_MESSAGES))
    details = reply_details.of_replies(owner, shown)
    contents = [Content(bytes(view.content).decode(), parts=True) for view in shown if view.has_parts]
    media = attachments.media_types(owner, contents)
    active = threads.active_response(owner, thread_id)
    asked = threads.open_requests(active) if active else []
    waits = OpenCalls({one.call_id: one for one in asked}, approves)
    return {
        "id": row.public_id,
        "messages": [ui_message(view, details, media, waits) for view in shown],
        "activeResponseId": getattr(row, "active_response_id", None),
    }
