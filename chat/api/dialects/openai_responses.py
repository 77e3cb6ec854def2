"""`/v1/responses`: OpenAI's stateful protocol on threads, whose ids are those of its conversations."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any
from uuid import uuid4

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chat import db, service
from chat.accounts.identity import Caller
from chat.api.base import authenticate, json_response, read_body, set_session_cookie
from chat.api.cors import authenticate_client
from chat.api.dialects.openai_base import BODY_BYTES, check_model, failure_response, prompt_stored
from chat.api.dialects.openai_items import input_item
from chat.api.encoders.marked import NOTHING_READ
from chat.api.encoders.openai.objects import page_object, response_object
from chat.api.encoders.openai.responses import ResponsesEncoder
from chat.api.streaming import response_headers, set_headers, stream_marked, stream_response
from chat.exceptions import BadRequest, NotFound, PreviousResponseNotFound
from chat.models import Response
from chat.models.responses import ERROR_STATUSES
from chat.schemas import SendRequest
from chat.schemas.openai_responses import ResponseRequest, parse_response
from chat.schemas.validation import mark_text
from chat.streams import LogEvent
from chat.threads import inline_pictures, threads

_TRUE, _FALSE = ("true", "1"), ("false", "0", "")


async def create(request: HttpRequest) -> HttpResponseBase:
    body = read_body(request, BODY_BYTES)
    caller = await authenticate_client(request)
    wanted = parse_response(body)
    check_model(wanted.send.model)
    send = await _placed(caller, wanted)
    send = await db.atomic_async(inline_pictures.store, caller.user, send)
    made = await service.send(caller, send)
    prompt_stored(request)
    row = await db.atomic_async(threads.response, caller.user, made.public_id)
    response = await _answer(caller, row, wanted)
    return set_session_cookie(request, set_headers(response, response_headers(row)), caller)


async def _placed(caller: Caller, wanted: ResponseRequest) -> SendRequest:
    """Return the prompt with its place: after a reply, at the end of a thread, or in a new one."""
    if wanted.previous is not None:
        row = await db.atomic_async(threads.listed_response, caller.user, wanted.previous)
        if row is None:
            raise PreviousResponseNotFound
        return replace(wanted.send, thread_id=row.thread.public_id, parent_id=row.public_id)
    if wanted.conversation is not None:
        thread = await db.atomic_async(threads.find, caller.user, wanted.conversation)
        return replace(wanted.send, thread_id=thread.public_id)
    return replace(wanted.send, thread_id=f"conv_{uuid4().hex}")


async def _answer(caller: Caller, row: Response, wanted: ResponseRequest) -> HttpResponseBase:
    if wanted.stream and wanted.store:
        return await stream_marked(caller, row, ResponsesEncoder(row))
    if wanted.stream:
        return stream_response(caller, row, b"", service.follow_or_stop(caller, row), ResponsesEncoder(row))
    if wanted.background:
        return json_response(response_object(row, []))
    follow = service.follow_or_stop if not wanted.store else service.follow_structured
    return await _whole(row, follow(caller, row))


async def _whole(row: Response, events: AsyncGenerator[LogEvent]) -> HttpResponseBase:
    """Wait for the end of a response; one that failed before its first text is an HTTP status."""
    encoder = await _read(row, events)
    ended = encoder.ended_row
    if not encoder.output and (ended is None or ended.status in ERROR_STATUSES):
        return failure_response(ended)
    return json_response(encoder.last)


async def _read(row: Response, events: AsyncGenerator[LogEvent]) -> ResponsesEncoder:
    encoder = ResponsesEncoder(row)
    async with aclosing(events):
        async for event in events:
            encoder(event)
    return encoder


async def show(request: HttpRequest, response_id: str) -> HttpResponseBase:
    """Show a response, or stream its events from the beginning or after `starting_after`."""
    streamed, after = _flag(request, "stream"), request.GET.get("starting_after")
    mark = NOTHING_READ if after is None else mark_text(after)
    caller = await authenticate(request)
    row = await db.atomic_async(threads.response, caller.user, response_id)
    if streamed:
        return await stream_marked(caller, row, ResponsesEncoder(row, mark))
    return json_response(await _object(caller, row))


def _flag(request: HttpRequest, name: str) -> bool:
    word = request.GET.get(name, "").lower()
    if word not in (*_TRUE, *_FALSE):
        raise BadRequest(f"`{name}` must be true or false.")
    return word in _TRUE


async def _object(caller: Caller, row: Response) -> Any:
    """Return a response's object; the output of one that runs comes with its events, or at its end."""
    if not row.ended:
        return response_object(row, [])
    return (await _read(row, service.follow_structured(caller, row))).last


async def cancel(request: HttpRequest, response_id: str) -> HttpResponseBase:
    """Stop a response if it runs, and show it."""
    caller = await authenticate(request)
    await service.stop(caller, response_id, None)
    row = await db.atomic_async(threads.response, caller.user, response_id)
    return json_response(await _object(caller, row))


async def delete(request: HttpRequest, response_id: str) -> HttpResponseBase:
    caller = await authenticate(request)
    await service.delete_response(caller, response_id)
    return json_response({"id": response_id, "object": "response", "deleted": True})


async def input_items(request: HttpRequest, response_id: str) -> HttpResponseBase:
    """List the prompt of a response."""
    caller = await authenticate(request)
    prompt = await db.atomic_async(threads.prompt_of, caller.user, response_id)
    if prompt is None:
        raise NotFound
    return json_response(page_object([input_item(prompt)], has_more=False))
