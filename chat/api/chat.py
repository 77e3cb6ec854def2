"""The two chat routes, and a response's state, stream, stop and regeneration."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chat import db, schemas, service
from chat.accounts.identity import Caller
from chat.api import sealed
from chat.api.base import (
    LOOP_BODY_BYTES,
    authenticate,
    authenticate_by_origin,
    check_origin,
    credentials_of,
    json_response,
    parse_body,
    problem,
    read_body,
    read_optional_body,
    scope_wanted,
    set_session_cookie,
)
from chat.api.encoders import raw, serializers, sse
from chat.api.encoders.shapes import ResponseState, ResponseStatus
from chat.api.operations import EMPTY, MODEL_ERRORS, SENDING, Answer, describe, streamed, whole
from chat.api.streaming import EVENT_STREAM, Encode, FastPath, response_headers, stream_response
from chat.conf import settings
from chat.exceptions import (
    BY_CODE,
    ChatError,
    NotWaiting,
    QuotaExceeded,
    RangeNotSatisfiable,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from chat.headers import set_headers
from chat.models import Response, TokenScope
from chat.schemas.answers import AnswerBody, parse_answer
from chat.schemas.prompts import PromptBody, RegenerateBody, TextPromptBody
from chat.schemas.queries import CursorQuery, FormatQuery
from chat.schemas.threads import StopBody
from chat.schemas.validation import parse_query
from chat.streams import FROM_TEXT, EndEvent, LogEvent, WaitingEvent
from chat.threads import threads

Parse = Callable[[bytes], schemas.SendRequest]

PLAIN = "text/plain; charset=utf-8"


@describe(
    streamed(), body=PromptBody, query=FormatQuery, access="origin", raises=SENDING, scope=TokenScope.SEND
)
async def send_to_c1(request: HttpRequest) -> HttpResponseBase:
    """Send a prompt to C1 or another model, and stream the answer."""
    return await _send(request, schemas.parse_send, "", raw.c1, EVENT_STREAM)


@describe(
    streamed("text/plain"),
    streamed(),
    body=TextPromptBody,
    query=FormatQuery,
    access="origin",
    raises=SENDING,
    scope=TokenScope.SEND,
)
async def send_to_openassistant(request: HttpRequest) -> HttpResponseBase:
    """Send a prompt to the OpenAssistant model, and stream the answer as plain text."""
    return await _send(request, schemas.parse_text_send, "openassistant", raw.plain, PLAIN)


async def _send(
    request: HttpRequest, parse: Parse, default_model: str, encode: Encode, content_type: str
) -> HttpResponseBase:
    as_events = _wants_events(request)
    body = read_body(request)
    caller, row = await _claim(request, parse, body, default_model)
    stream = await _stream(caller, row, (0, 0), None if as_events else encode, content_type)
    return set_session_cookie(request, stream, caller)


async def _claim(
    request: HttpRequest, parse: Parse, body: bytes, default_model: str
) -> tuple[Caller, Response]:
    """Identify the caller and claim the answer: together where the caller has credentials, and the body is short and valid."""
    credentials = credentials_of(request)
    if len(body) <= LOOP_BODY_BYTES and (credentials.bearer or credentials.session):
        check_origin(request)
        wanted = _parsed(parse, body)
        # An unknown caller may become a guest.
        with suppress(Unauthenticated):
            if wanted is not None:
                scope = scope_wanted(request)
                return await service.identify_and_send(credentials, scope, wanted, default_model)
    caller = await authenticate_by_origin(request)
    return caller, await service.send(caller, await parse_body(parse, body), default_model)


def _parsed(parse: Parse, body: bytes) -> schemas.SendRequest | None:
    """Return the prompt; None for one that is refused, of which an unknown caller learns nothing."""
    try:
        return parse(body)
    except ChatError:
        return None


def _wants_events(request: HttpRequest) -> bool:
    # Django makes a mapping of a missing query by twenty calls of Python, too.
    return bool(request.META.get("QUERY_STRING")) and parse_query(request.GET, FormatQuery).format == "sse"


@describe(streamed("text/plain"), streamed(), EMPTY, query=FormatQuery, raises=MODEL_ERRORS)
async def stream_of_thread(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """Stream a thread's running answer from its beginning, where the AI SDK's text transport reconnects; 204 without one."""
    as_events, caller = _wants_events(request), await authenticate(request)
    row = await db.atomic_async(threads.active_response, caller.user, thread_id)
    if row is None:
        return HttpResponse(status=204)
    return await _stream(caller, row, (0, 0), None if as_events else raw.plain, PLAIN)


@describe(
    streamed(),
    streamed(status=206),
    Answer(304),
    query=CursorQuery,
    headers=("Last-Event-ID", "If-None-Match", "If-Range", "Range"),
    raises=(*MODEL_ERRORS, RangeNotSatisfiable),
)
async def stream(request: HttpRequest, response_id: str) -> HttpResponseBase:
    """Stream a response from an offset to its end."""
    as_events, cursor = _wants_events(request), _cursor(request)
    caller = await authenticate(request)
    if as_events:
        row = await db.atomic_async(threads.response, caller.user, response_id)
    else:
        row, seal = await db.run_async(threads.response_with_seal, caller.user, response_id)
        if sealed.has_sealed_text(row):
            return await sealed.serve(request, caller, row, seal, cursor[0])
    return await _stream(caller, row, cursor, None if as_events else raw.c1, EVENT_STREAM)


def _cursor(request: HttpRequest) -> tuple[int, int | None]:
    """Return the offset, and that of the thought where the client names one."""
    last = request.headers.get("Last-Event-ID")
    if last:
        return schemas.cursor_text(last)
    wanted = parse_query(request.GET, CursorQuery)
    offset, thinking = schemas.offset_text(wanted.offset), wanted.thinkingOffset
    return offset, None if thinking is None else schemas.offset_text(thinking)


async def _stream(
    caller: Caller, row: Response, cursor: tuple[int, int | None], encode: Encode | None, content_type: str
) -> HttpResponseBase:
    """Stream the answer from a cursor, as events or (with `encode`) raw; a raw head waits for the first byte or the end."""
    offset, thinking = cursor
    framed_from = FROM_TEXT if thinking is None else thinking
    fast_path = FastPath()
    wanted = framed_from if encode is None else None
    events = await service.follow(caller, row, offset, wanted, take=fast_path.take)
    if encode is None:
        encode = sse.SseEncoder(row.public_id, row.thread.public_id, thinking or 0)
        first = encode(await anext(events))
        return stream_response(caller, row, first, events, encode, fast_path=fast_path)
    async for event in events:
        if (first := encode(event)) or isinstance(event, EndEvent | WaitingEvent):
            break
    failure = _failure(event)
    if failure is not None and settings.model_errors == "status":
        return set_headers(problem(failure), response_headers(row))
    response = stream_response(
        caller, row, first, events, encode, content_type, ends_waiting=True, fast_path=fast_path
    )
    if failure is not None:
        response["X-Response-Status"] = "failed"
    if isinstance(event, WaitingEvent):
        await events.aclose()
        response["X-Response-Status"] = "waiting"
    return response


def _failure(event: LogEvent) -> ChatError | None:
    detail = raw.failure_of(event)
    if detail is None or not isinstance(event, EndEvent) or event.response is None:
        return None
    return BY_CODE[event.response.error_code or "model_failed"](
        detail, retry_after=event.response.retry_after
    )


@describe(
    streamed(),
    streamed("text/plain"),
    body=RegenerateBody,
    body_required=False,
    query=FormatQuery,
    raises=SENDING,
    scope=TokenScope.SEND,
)
async def regenerate(request: HttpRequest, response_id: str) -> HttpResponseBase:
    """Answer the same prompt once more, and stream that answer."""
    as_events, caller = _wants_events(request), await authenticate(request)
    parse = partial(schemas.parse_regenerate, response_id)
    row = await service.send(caller, await parse_body(parse, read_optional_body(request)))
    plain = row.model == "openassistant"
    encode, content_type = (raw.plain, PLAIN) if plain else (raw.c1, EVENT_STREAM)
    return await _stream(caller, row, (0, 0), None if as_events else encode, content_type)


@describe(whole(ResponseState))
async def show(request: HttpRequest, response_id: str) -> HttpResponseBase:
    """Show the state of a response."""
    caller = await authenticate(request)
    row = await db.atomic_async(threads.response, caller.user, response_id)
    requests = await db.atomic_async(threads.open_requests, row)
    return json_response(serializers.response(row, *await service.current_end(row), requests))


@describe(
    whole(ResponseStatus),
    body=AnswerBody,
    raises=(NotWaiting, QuotaExceeded, TooLarge, Unavailable),
    scope=TokenScope.SEND,
)
async def answer(request: HttpRequest, response_id: str) -> HttpResponseBase:
    """Answer a request of a response that waits for a person."""
    caller = await authenticate(request)
    given = await parse_body(parse_answer, read_body(request))
    status = await service.answer(caller, response_id, given)
    return json_response({"status": status})


@describe(whole(ResponseStatus), body=StopBody, body_required=False, scope=TokenScope.SEND)
async def stop(request: HttpRequest, response_id: str) -> HttpResponseBase:
    """Stop a response, and wait for its end."""
    caller = await authenticate(request)
    offset = await parse_body(schemas.parse_stop_offset, read_optional_body(request))
    ended = await service.stop(caller, response_id, offset)
    return json_response({"status": ended.status})
