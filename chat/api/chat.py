"""The two chat routes, and a response's state, stream, stop and regeneration."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chat import db, schemas, service
from chat.accounts.identity import Caller
from chat.api.base import (
    authenticate,
    authenticate_by_origin,
    json_response,
    problem,
    read_body,
    set_session_cookie,
)
from chat.api.encoders import raw, serializers, sse
from chat.api.streaming import EVENT_STREAM, Encode, response_headers, set_headers, stream_response
from chat.conf import settings
from chat.exceptions import BY_CODE, BadRequest, ChatError
from chat.models import Response
from chat.streams import FROM_TEXT, EndEvent, LogEvent
from chat.threads import threads

Parse = Callable[[bytes], schemas.SendRequest]

PLAIN = "text/plain; charset=utf-8"


async def send_to_c1(request: HttpRequest) -> HttpResponseBase:
    return await _send(request, schemas.parse_send, "", raw.c1, EVENT_STREAM)


async def send_to_openassistant(request: HttpRequest) -> HttpResponseBase:
    return await _send(request, schemas.parse_text_send, "openassistant", raw.plain, PLAIN)


async def _send(
    request: HttpRequest, parse: Parse, default_model: str, encode: Encode, content_type: str
) -> HttpResponseBase:
    as_events = _wants_events(request)
    body = read_body(request)
    caller = await authenticate_by_origin(request)
    row = await service.send(caller, parse(body), default_model)
    stream = await _stream(caller, row, (0, 0), None if as_events else encode, content_type)
    return set_session_cookie(request, stream, caller)


def _wants_events(request: HttpRequest) -> bool:
    wanted = request.GET.get("format", "c1")
    if wanted not in ("c1", "sse"):
        raise BadRequest("`format` must be `c1` or `sse`.")
    return wanted == "sse"


async def stream_of_thread(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """Stream a thread's running answer from its beginning, where the AI SDK's text transport reconnects; 204 without one."""
    as_events, caller = _wants_events(request), await authenticate(request)
    row = await db.atomic_async(threads.active_response, caller.user, thread_id)
    if row is None:
        return HttpResponse(status=204)
    return await _stream(caller, row, (0, 0), None if as_events else raw.plain, PLAIN)


async def stream(request: HttpRequest, response_id: str) -> HttpResponseBase:
    as_events, cursor = _wants_events(request), _cursor(request)
    caller = await authenticate(request)
    row = await db.atomic_async(threads.response, caller.user, response_id)
    return await _stream(caller, row, cursor, None if as_events else raw.c1, EVENT_STREAM)


def _cursor(request: HttpRequest) -> tuple[int, int | None]:
    """Return the offset, and that of the thought where the client names one."""
    last = request.headers.get("Last-Event-ID")
    if last:
        return schemas.cursor_text(last)
    thinking = request.GET.get("thinkingOffset")
    offset = schemas.offset_text(request.GET.get("offset", "0"))
    return offset, None if thinking is None else schemas.offset_text(thinking)


async def _stream(
    caller: Caller, row: Response, cursor: tuple[int, int | None], encode: Encode | None, content_type: str
) -> HttpResponseBase:
    """Stream the answer from a cursor, as events or (with `encode`) raw; a raw head waits for the first byte or the end."""
    offset, thinking = cursor
    framed_from = FROM_TEXT if thinking is None else thinking
    events = await service.follow(caller, row, offset, framed_from if encode is None else None)
    if encode is None:
        encode = sse.SseEncoder(row.public_id, row.thread.public_id, thinking or 0)
        return stream_response(caller, row, encode(await anext(events)), events, encode)
    async for event in events:
        if (first := encode(event)) or isinstance(event, EndEvent):
            break
    failure = _failure(event)
    if failure is not None and settings.model_errors == "status":
        return set_headers(problem(failure), response_headers(row))
    response = stream_response(caller, row, first, events, encode, content_type)
    if failure is not None:
        response["X-Response-Status"] = "failed"
    return response


def _failure(event: LogEvent) -> ChatError | None:
    detail = raw.failure_of(event)
    if detail is None or not isinstance(event, EndEvent) or event.response is None:
        return None
    return BY_CODE[event.response.error_code or "model_failed"](
        detail, retry_after=event.response.retry_after
    )


async def regenerate(request: HttpRequest, response_id: str) -> HttpResponseBase:
    as_events, caller = _wants_events(request), await authenticate(request)
    row = await service.send(caller, schemas.parse_regenerate(response_id, request.body))
    plain = row.model == "openassistant"
    encode, content_type = (raw.plain, PLAIN) if plain else (raw.c1, EVENT_STREAM)
    return await _stream(caller, row, (0, 0), None if as_events else encode, content_type)


async def show(request: HttpRequest, response_id: str) -> HttpResponseBase:
    caller = await authenticate(request)
    row = await db.atomic_async(threads.response, caller.user, response_id)
    return json_response(serializers.response(row, *await service.current_end(row)))


async def stop(request: HttpRequest, response_id: str) -> HttpResponseBase:
    caller = await authenticate(request)
    ended = await service.stop(caller, response_id, schemas.parse_stop_offset(request.body))
    return json_response({"status": ended.status})
