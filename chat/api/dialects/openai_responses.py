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
from chat.api.base import authenticate, json_response, parse_body, read_body, set_session_cookie
from chat.api.cors import authenticate_client
from chat.api.dialects import brought_answers
from chat.api.dialects.openai_base import BODY_BYTES, failure_response, prompt_stored, send_prompt
from chat.api.dialects.openai_items import input_item
from chat.api.encoders.dialect_shapes import DeletedResponse, ItemPage, ResponseObject
from chat.api.encoders.marked import NOTHING_READ
from chat.api.encoders.openai.objects import page_object, response_object
from chat.api.encoders.openai.responses import ResponsesEncoder
from chat.api.operations import SENDING, describe, streamed, whole
from chat.api.streaming import FastPath, response_headers, stream_marked, stream_response
from chat.exceptions import (
    BadRequest,
    ModelNotFound,
    NotFound,
    NotWaiting,
    PreviousResponseNotFound,
    ThreadBusy,
)
from chat.headers import set_headers
from chat.models import Response, Status, TokenScope
from chat.models.responses import ERROR_STATUSES
from chat.schemas import SendRequest
from chat.schemas.openai_responses import ResponseBody, ResponseRequest, parse_response
from chat.schemas.queries import EventsQuery
from chat.schemas.validation import mark_text, parse_query
from chat.streams import LogEvent
from chat.threads import threads


@describe(
    whole(ResponseObject),
    streamed(),
    body=ResponseBody,
    access="origin",
    raises=(*SENDING, ModelNotFound, NotWaiting, PreviousResponseNotFound),
    scope=TokenScope.SEND,
)
async def create(request: HttpRequest) -> HttpResponseBase:
    """Answer a prompt in a thread: whole, streamed, or in the background."""
    body = read_body(request, BODY_BYTES)
    caller = await authenticate_client(request)
    wanted = await parse_body(parse_response, body)
    row, answered = await _take_answers(caller, wanted) or (await _prompt(request, caller, wanted), [])
    response = await _answer(caller, ResponsesEncoder(row, answered=answered), wanted)
    return set_session_cookie(request, set_headers(response, response_headers(row)), caller)


async def _take_answers(caller: Caller, wanted: ResponseRequest) -> tuple[Response, list[str]] | None:
    """Take the answers that a request brings, and return their response and requests; None where it is a prompt.

    Clients that keep the history themselves name no response: its calls tell which one waits. Where none does any more, the
    calls are history.
    """
    if not wanted.brought:
        return None
    named = {"response": wanted.previous, "thread": wanted.conversation}
    of = {name: value for name, value in named.items() if value is not None}
    taken = await brought_answers.take(caller, wanted.brought, **of)
    if taken is None and wanted.send is None:
        raise NotFound if of else BadRequest("The answers in `input` name nothing that a response waits for.")
    return taken


async def _prompt(request: HttpRequest, caller: Caller, wanted: ResponseRequest) -> Response:
    assert wanted.send is not None
    made = await send_prompt(caller, await _placed(caller, wanted, wanted.send))
    prompt_stored(request)
    return await db.atomic_async(threads.response, caller.user, made.public_id)


async def _placed(caller: Caller, wanted: ResponseRequest, send: SendRequest) -> SendRequest:
    """Return the prompt with its place: after a reply, at the end of a thread, or in a new one."""
    if wanted.previous is not None:
        row = await db.atomic_async(threads.listed_response, caller.user, wanted.previous)
        if row is None:
            raise PreviousResponseNotFound
        return replace(send, thread_id=row.thread.public_id, parent_id=row.public_id)
    if wanted.conversation is not None:
        thread = await db.atomic_async(threads.find, caller.user, wanted.conversation)
        return replace(send, thread_id=thread.public_id)
    return replace(send, thread_id=f"conv_{uuid4().hex}")


async def _answer(caller: Caller, encoder: ResponsesEncoder, wanted: ResponseRequest) -> HttpResponseBase:
    row = encoder.row
    if wanted.stream and wanted.store:
        return await stream_marked(caller, row, encoder)
    if wanted.stream:
        fast_path = FastPath()
        events = service.follow_or_stop(caller, row, fast_path.take)
        return stream_response(caller, row, b"", events, encoder, fast_path=fast_path)
    if wanted.background:
        return json_response(response_object(row, []))
    follow = service.follow_or_stop if not wanted.store else service.follow_structured
    return await _whole(encoder, follow(caller, row))


async def _whole(encoder: ResponsesEncoder, events: AsyncGenerator[LogEvent]) -> HttpResponseBase:
    """Wait for the end of a response; one that failed before its first text is an HTTP status."""
    await _read(encoder, events)
    ended = encoder.ended_row
    if not encoder.output and (ended is None or ended.status in ERROR_STATUSES):
        return failure_response(ended)
    return json_response(encoder.last)


async def _read(encoder: ResponsesEncoder, events: AsyncGenerator[LogEvent]) -> None:
    """Read a response to its end, or until it waits for a person."""
    async with aclosing(events):
        async for event in events:
            encoder(event)
            if encoder.ended:
                return


@describe(whole(ResponseObject), streamed(), query=EventsQuery)
async def show(request: HttpRequest, response_id: str) -> HttpResponseBase:
    """Show a response, or stream its events from the beginning or after `starting_after`."""
    wanted = parse_query(request.GET, EventsQuery)
    mark = NOTHING_READ if wanted.starting_after is None else mark_text(wanted.starting_after)
    caller = await authenticate(request)
    row = await db.atomic_async(threads.response, caller.user, response_id)
    if wanted.stream:
        return await stream_marked(caller, row, ResponsesEncoder(row, mark))
    return json_response(await _object(caller, row))


async def _object(caller: Caller, row: Response) -> Any:
    """Return a response's object; the output of one that runs comes with its events, or at its end."""
    if not row.ended and row.status != Status.WAITING:
        return response_object(row, [])
    encoder = ResponsesEncoder(row)
    await _read(encoder, service.follow_structured(caller, row))
    return encoder.last


@describe(whole(ResponseObject), scope=TokenScope.SEND)
async def cancel(request: HttpRequest, response_id: str) -> HttpResponseBase:
    """Stop a response if it runs, and show it."""
    caller = await authenticate(request)
    await service.stop(caller, response_id, None)
    row = await db.atomic_async(threads.response, caller.user, response_id)
    return json_response(await _object(caller, row))


@describe(whole(DeletedResponse), raises=(ThreadBusy,))
async def delete(request: HttpRequest, response_id: str) -> HttpResponseBase:
    """Stop a response and delete its text for good."""
    caller = await authenticate(request)
    await service.delete_response(caller, response_id)
    return json_response({"id": response_id, "object": "response", "deleted": True})


@describe(whole(ItemPage))
async def input_items(request: HttpRequest, response_id: str) -> HttpResponseBase:
    """List the prompt of a response."""
    caller = await authenticate(request)
    prompt = await db.atomic_async(threads.prompt_of, caller.user, response_id)
    if prompt is None:
        raise NotFound
    return json_response(page_object([input_item(prompt)], has_more=False))
