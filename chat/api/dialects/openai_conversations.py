"""`/v1/conversations`: threads, and their messages as items."""

from __future__ import annotations

from uuid import uuid4

import msgspec
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chat import db, service
from chat.api.base import authenticate, json_response, parse_body, read_body
from chat.api.dialects.openai_base import BODY_BYTES
from chat.api.dialects.openai_items import view_item
from chat.api.encoders.dialect_shapes import ConversationObject, ItemPage
from chat.api.encoders.openai.objects import Object, page_object, seconds
from chat.api.operations import describe, whole
from chat.exceptions import QuotaExceeded
from chat.models import Thread, TokenScope
from chat.responses.claims import imports
from chat.schemas.openai_responses import ConversationBody, ConversationRequest, parse_conversation
from chat.schemas.queries import ItemsQuery
from chat.schemas.validation import optional_id, parse_query
from chat.threads import inline_attachments, messages, threads
from chat.threads.messages import MessageRange


@describe(whole(ConversationObject), body=ConversationBody, raises=(QuotaExceeded,), scope=TokenScope.SEND)
async def create(request: HttpRequest) -> HttpResponseBase:
    """Create a thread that begins with these messages."""
    body = read_body(request, BODY_BYTES)
    caller = await authenticate(request)
    wanted = await parse_body(parse_conversation, body)
    own = await service.rights_of(caller)
    return json_response(
        _object(await db.atomic_async(_create_thread, caller.user, own.default_model, wanted))
    )


def _create_thread(owner: int, model: str, wanted: ConversationRequest) -> Thread:
    """Store a conversation with its pictures and files. Raise BadRequest, TooLarge and QuotaExceeded."""
    turns = inline_attachments.stored_turns(owner, wanted.turns)
    metadata = msgspec.json.encode(wanted.metadata).decode() if wanted.metadata else None
    return imports.create_thread(owner, f"conv_{uuid4().hex}", model, turns, metadata)


@describe(whole(ConversationObject))
async def show(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """Show a conversation."""
    caller = await authenticate(request)
    return json_response(_object(await db.atomic_async(threads.find, caller.user, thread_id)))


def _object(thread: Thread) -> Object:
    metadata = msgspec.json.decode(thread.metadata) if thread.metadata else {}
    head = {"id": thread.public_id, "object": "conversation", "created_at": seconds(thread.created_at)}
    return {**head, "metadata": metadata}


@describe(whole(ItemPage), query=ItemsQuery)
async def items(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """List the messages of the shown branch, the newest first unless `order` is `asc`."""
    query = parse_query(request.GET, ItemsQuery)
    limit, after = query.limit, optional_id(query.after or None, "after")
    caller = await authenticate(request)
    if query.order == "asc":
        shown, more = await db.atomic_async(messages.page_after, caller.user, thread_id, limit, after)
    else:
        wanted = MessageRange(limit, before=after)
        shown, more = await db.atomic_async(messages.page, caller.user, thread_id, wanted)
        shown.reverse()
    return json_response(page_object([view_item(one) for one in shown], has_more=more))
