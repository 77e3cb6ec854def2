"""`/v1/models` and `/v1/chat/completions`: OpenAI's stateless protocol, each answer in an unlisted thread of its own.

Nobody can come back to such an answer, so it is stopped when its reader leaves.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from chat import db, service
from chat.accounts.identity import Caller
from chat.api.base import authenticate, json_response, parse_body, read_body, set_session_cookie
from chat.api.cors import authenticate_client
from chat.api.dialects.openai_base import BODY_BYTES, failure_response, prompt_stored, send_prompt
from chat.api.encoders.dialect_shapes import CompletionObject, OpenAiModels
from chat.api.encoders.openai.completions import CompletionEncoder, completion
from chat.api.operations import SENDING, describe, streamed, whole
from chat.api.streaming import FastPath, response_headers, stream_response
from chat.exceptions import ModelNotFound
from chat.headers import set_headers
from chat.models import Response, Status, TokenScope
from chat.responses import tool_rounds
from chat.responses.engine import TOOL_CALLS
from chat.schemas.openai_completions import CompletionBody, CompletionRequest, parse_completion
from chat.schemas.options import options_of
from chat.streams import EndEvent, Heartbeat, LogEvent, TextEvent


@describe(whole(OpenAiModels))
async def list_models(request: HttpRequest) -> HttpResponseBase:
    """List the models that the user may use."""
    own = await service.rights_of(await authenticate(request))
    models = [{"id": name, "object": "model", "created": 0, "owned_by": "server"} for name in own.models]
    return json_response({"object": "list", "data": models})


@describe(
    whole(CompletionObject),
    streamed(),
    body=CompletionBody,
    access="origin",
    raises=(*SENDING, ModelNotFound),
    scope=TokenScope.SEND,
)
async def create(request: HttpRequest) -> HttpResponseBase:
    """Answer the messages, whole or streamed."""
    body = read_body(request, BODY_BYTES)
    caller = await authenticate_client(request)
    wanted = await parse_body(parse_completion, body)
    row = await send_prompt(caller, wanted.send)
    prompt_stored(request)
    answer = _streamed if wanted.stream else _whole
    response = await answer(caller, row, wanted)
    return set_session_cookie(request, set_headers(response, response_headers(row)), caller)


async def _streamed(caller: Caller, row: Response, wanted: CompletionRequest) -> HttpResponseBase:
    """Stream the answer; the head waits for its first text, and a failure before that is an HTTP status."""
    encoder = CompletionEncoder(row, int(time.time()), include_usage=wanted.include_usage)
    fast_path = FastPath()
    events = _with_calls(service.follow_or_stop(caller, row, fast_path.take), encoder)
    try:
        first, last = await _up_to_text(events, encoder)
    except BaseException:
        await events.aclose()
        raise
    if isinstance(last, EndEvent) and (last.response is None or last.response.status != Status.DONE):
        await events.aclose()
        return failure_response(last.response)
    return stream_response(caller, row, first, events, encoder, fast_path=fast_path)


async def _with_calls(
    events: AsyncGenerator[LogEvent], encoder: CompletionEncoder
) -> AsyncGenerator[LogEvent]:
    """Yield the events, and give the encoder the calls that the client has to make before their end."""
    async with aclosing(events):
        async for event in events:
            if isinstance(event, EndEvent):
                encoder.calls = await _client_calls(event.response)
            yield event


async def _client_calls(row: Response | None) -> list[dict[str, Any]]:
    if row is None or row.finish_reason != TOOL_CALLS or not options_of(row.options).tools:
        return []
    return await db.atomic_async(tool_rounds.client_calls, row.pk)


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
    text, calls = b"".join(pieces).decode(), await _client_calls(ended)
    return json_response(completion(ended, int(time.time()), text, calls))
