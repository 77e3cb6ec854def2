"""`/v1/models` and `/v1/chat/completions`: OpenAI's stateless protocol, each answer in an unlisted thread of its own.

Nobody can come back to such an answer, so it is stopped when its reader leaves.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chat import db, service
from chat.accounts.identity import Caller
from chat.api.base import authenticate, json_response, read_body, set_session_cookie
from chat.api.cors import authenticate_client
from chat.api.dialects.openai_base import BODY_BYTES, check_model, failure_response, prompt_stored
from chat.api.encoders.openai.completions import CompletionEncoder, completion
from chat.api.streaming import response_headers, set_headers, stream_response
from chat.llm import config
from chat.models import Response, Status
from chat.schemas.openai_completions import CompletionRequest, parse_completion
from chat.streams import EndEvent, Heartbeat, LogEvent, TextEvent
from chat.threads import inline_pictures


async def list_models(request: HttpRequest) -> HttpResponseBase:
    await authenticate(request)
    models = [{"id": name, "object": "model", "created": 0, "owned_by": "server"} for name in config.names()]
    return json_response({"object": "list", "data": models})


async def create(request: HttpRequest) -> HttpResponseBase:
    body = read_body(request, BODY_BYTES)
    caller = await authenticate_client(request)
    wanted = parse_completion(body)
    check_model(wanted.send.model)
    send = await db.atomic_async(inline_pictures.store, caller.user, wanted.send)
    row = await service.send(caller, send)
    prompt_stored(request)
    answer = _streamed if wanted.stream else _whole
    response = await answer(caller, row, wanted)
    return set_session_cookie(request, set_headers(response, response_headers(row)), caller)


async def _streamed(caller: Caller, row: Response, wanted: CompletionRequest) -> HttpResponseBase:
    """Stream the answer; the head waits for its first text, and a failure before that is an HTTP status."""
    encoder = CompletionEncoder(row, int(time.time()), include_usage=wanted.include_usage)
    events = service.follow_or_stop(caller, row)
    try:
        first, last = await _up_to_text(events, encoder)
    except BaseException:
        await events.aclose()
        raise
    if isinstance(last, EndEvent) and (last.response is None or last.response.status != Status.DONE):
        await events.aclose()
        return failure_response(last.response)
    return stream_response(caller, row, first, events, encoder)


async def _up_to_text(
    events: AsyncGenerator[LogEvent], encoder: CompletionEncoder
) -> tuple[bytes, LogEvent | None]:
    """Return the encoded events up to the first text, or to the end of an answer without any, and the last of them."""
    first, event = b"", None
    async for event in events:
        if not isinstance(event, Heartbeat):
            first += encoder(event)
        if isinstance(event, TextEvent | EndEvent):
            break
    return first, event


async def _whole(caller: Caller, row: Response, wanted: CompletionRequest) -> HttpResponseBase:
    pieces, ended = [], None
    async with aclosing(service.follow_or_stop(caller, row)) as events:
        async for event in events:
            if isinstance(event, TextEvent):
                pieces.append(event.data)
            elif isinstance(event, EndEvent):
                ended = event.response
    if ended is None or ended.status != Status.DONE:
        return failure_response(ended)
    return json_response(completion(ended, int(time.time()), b"".join(pieces).decode()))
