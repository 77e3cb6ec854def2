"""Routes of AG-UI's clients: its own HttpAgent, TanStack AI, OpenUI, and CopilotKit by both of its transports."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

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
from chat.api.dialects.ag_ui_snapshot import stream_after_snapshot
from chat.api.encoders.ag_ui import PROTOCOL_VERSION, AgUiEncoder, empty_run
from chat.api.encoders.ag_ui_interrupts import interrupts_of
from chat.api.encoders.ag_ui_messages import tanstack_messages
from chat.api.encoders.dialect_shapes import ClientThread, RuntimeInfo, StopState
from chat.api.encoders.marked import NOTHING_READ
from chat.api.operations import SENDING, describe, streamed, whole
from chat.api.streaming import EVENT_STREAM, ByteStream, stream_marked
from chat.api.threads import message_range
from chat.exceptions import BadRequest, NotFound, NotWaiting
from chat.headers import set_headers
from chat.models import Response, TokenScope
from chat.schemas import ag_ui as schemas
from chat.schemas.ag_ui import ConnectBody, EnvelopeBody, RunBody, RunRequest, RunStopBody
from chat.schemas.queries import RunsQuery
from chat.schemas.validation import checked_id, mark_text, parse_query
from chat.streams import request_event
from chat.threads import messages, threads

# CopilotKit's name of an agent of which nothing is said: the thread's own model.
DEFAULT_AGENT = "default"


@describe(
    streamed(),
    whole(RuntimeInfo),
    whole(StopState),
    body=(RunBody, EnvelopeBody),
    headers=("Last-Event-ID",),
    access="origin",
    raises=(*SENDING, NotFound, NotWaiting),
    scope=TokenScope.SEND,
)
async def post(request: HttpRequest) -> HttpResponseBase:
    """Run the agent, or serve a request to CopilotKit's single route."""
    body = read_body(request, CLIENT_BODY_BYTES)
    envelope = await parse_body(schemas.parse_envelope, body)
    if envelope is None:
        return await _run(request, body, DEFAULT_AGENT)
    match envelope.method:
        case "info":
            return await _info(await authenticate_client(request, TokenScope.READ))
        case "agent/run":
            return await _run(request, envelope.body, envelope.agent)
        case "agent/connect":
            return await _connect(request, envelope.body, envelope.agent)
    if envelope.thread_id is None:
        raise BadRequest("`params.threadId` is missing.")
    return await _stop(request, envelope.thread_id, envelope.body)


@describe(
    streamed(),
    body=RunBody,
    headers=("Last-Event-ID",),
    access="origin",
    raises=(*SENDING, NotWaiting),
    scope=TokenScope.SEND,
)
async def run(request: HttpRequest, agent: str) -> HttpResponseBase:
    """Run the agent of a name."""
    return await _run(request, read_body(request, CLIENT_BODY_BYTES), agent)


@describe(streamed(), body=ConnectBody, access="origin", scope=TokenScope.READ)
async def connect(request: HttpRequest, agent: str) -> HttpResponseBase:
    """Stream the messages of a thread, then what follows in its newest run."""
    return await _connect(request, read_body(request, CLIENT_BODY_BYTES), agent)


@describe(whole(StopState), body=RunStopBody, body_required=False, scope=TokenScope.SEND)
async def stop(request: HttpRequest, agent: str, thread_id: str) -> HttpResponseBase:
    """Stop what runs in a thread."""
    return await _stop(request, thread_id, read_optional_body(request))


@describe(whole(RuntimeInfo))
async def info(request: HttpRequest) -> HttpResponseBase:
    """Describe the runtime: each model is an agent."""
    return await _info(await authenticate(request))


@describe(streamed(), whole(ClientThread), query=RunsQuery, headers=("Last-Event-ID",), raises=(NotFound,))
async def get(request: HttpRequest) -> HttpResponseBase:
    """Stream the events of the run `runId`, or show the messages of the thread `threadId`."""
    wanted = parse_query(request.GET, RunsQuery)
    if run_id := wanted.runId:
        mark = _last_mark(request) or wanted.offset
        after, caller = mark_text(mark), await authenticate(request)
        row = await db.atomic_async(threads.response, caller.user, run_id)
        return await stream_marked(caller, row, AgUiEncoder(row, after=after))
    if thread_id := wanted.threadId:
        return await _thread(request, checked_id(thread_id, "threadId"))
    raise BadRequest("`runId` or `threadId` is missing.")


def _last_mark(request: HttpRequest) -> str | None:
    return request.headers.get("Last-Event-ID") or None


async def _model_of(caller: Caller, agent: str) -> str | None:
    """Return the model that an agent's name stands for; None for the thread's own.

    Raise NotFound for one that the caller does not have.
    """
    if agent == DEFAULT_AGENT:
        return None
    if agent not in (await service.rights_of(caller)).models:
        raise NotFound
    return agent


async def _run(request: HttpRequest, body: bytes, agent: str) -> HttpResponseBase:
    """Answer a prompt, or go on behind the answers that a run brings.

    Of a run that is known, send what follows the client's mark, or a snapshot and what follows that.
    """
    caller = await authenticate_client(request)
    wanted = await parse_body(partial(schemas.parse_run, model=await _model_of(caller, agent)), body)
    row, mark = await _find(caller, wanted.run_id), _last_mark(request)
    if row is not None and mark is None:
        return await stream_after_snapshot(caller, row, AgUiEncoder(row, wanted.protocol, numbered=False))
    if row is None:
        if wanted.send is None:
            return await _behind_answers(caller, wanted)
        row, mark = await service.send(caller, wanted.send), None
    after = NOTHING_READ if mark is None else mark_text(mark)
    stream = await stream_marked(caller, row, AgUiEncoder(row, wanted.protocol, after))
    return set_session_cookie(request, stream, caller)


async def _behind_answers(caller: Caller, wanted: RunRequest) -> ByteStream:
    """Take the answers, and stream what follows them as a run of its own.

    Its events have no marks: those belong to the first run.
    """
    row, answered = await brought_answers.take_known(
        caller, wanted.brought, wanted.brought_in, thread=wanted.thread_id
    )
    encoder = AgUiEncoder(row, wanted.protocol, run_id=wanted.run_id, numbered=False, answered=answered)
    return await stream_marked(caller, row, encoder)


async def _find(caller: Caller, run_id: str) -> Response | None:
    """Return the run of this id if it is known. A program that may not read learns nothing of it, but repeats its prompt."""
    if not caller.has(TokenScope.READ):
        return None
    try:
        return await db.atomic_async(threads.response, caller.user, run_id)
    except NotFound:
        return None


async def _connect(request: HttpRequest, body: bytes, agent: str) -> HttpResponseBase:
    """Stream the newest run of a thread under the client's own name for it; an empty run where there is none."""
    caller = await authenticate_client(request, TokenScope.READ)
    await _model_of(caller, agent)
    wanted = await parse_body(schemas.parse_connect, body)
    row = await db.atomic_async(threads.newest_response, caller.user, wanted.thread_id)
    if row is None:
        names = {"threadId": wanted.thread_id, "runId": wanted.run_id}
        response = HttpResponse(empty_run(names, wanted.protocol), content_type=EVENT_STREAM)
        set_headers(response, {"Cache-Control": "no-cache, no-transform", "X-Thread-Id": wanted.thread_id})
        return set_session_cookie(request, response, caller)
    encoder = AgUiEncoder(row, wanted.protocol, run_id=wanted.run_id, numbered=False)
    return await stream_after_snapshot(caller, row, encoder)


async def _thread(request: HttpRequest, thread_id: str) -> HttpResponseBase:
    """Show a thread's messages as TanStack AI's clients keep them; an unknown thread has none."""
    wanted, caller = message_range(request), await authenticate(request)
    try:
        shown, more = await db.atomic_async(messages.page, caller.user, thread_id, wanted)
    except NotFound:
        shown, more = [], False
    row = await db.atomic_async(threads.active_response, caller.user, thread_id)
    state: dict[str, Any] = {
        "messages": tanstack_messages(shown),
        "activeRun": None if row is None else {"runId": row.public_id},
        "interrupts": None if row is None else await _pending(row),
    }
    if request.GET.keys() & {"limit", "before"}:
        state["page"] = {"truncated": more, "cursor": shown[0].id if more else None}
    return json_response(state)


async def _pending(row: Response) -> dict[str, Any] | None:
    """Return what a run waits for, as TanStack AI's clients take it up after a reload."""
    pending = interrupts_of(map(request_event, await db.atomic_async(threads.open_requests, row)))
    return {"runId": row.public_id, "pending": pending} if pending else None


async def _stop(request: HttpRequest, thread_id: str, body: bytes) -> HttpResponseBase:
    """Stop the run that the body names, else the one that runs in the thread; an unknown one is not stopped."""
    caller = await authenticate(request)
    run_id = await parse_body(schemas.parse_stop, body)
    row = await db.atomic_async(threads.active_response, caller.user, thread_id, run_id)
    if row is not None:
        await service.stop(caller, row.public_id, None)
    return json_response({"stopped": row is not None})


async def _info(caller: Caller) -> HttpResponse:
    """Describe the runtime as CopilotKit's clients ask for it: each model that the caller may use is an agent."""
    own = await service.rights_of(caller)
    return json_response(
        {
            "version": PROTOCOL_VERSION,
            "agents": {name: _agent(name) for name in (DEFAULT_AGENT, *own.models)},
            "mode": "sse",
            "audioFileTranscriptionEnabled": False,
            "suggestions": False,
            "threadEndpoints": {
                "list": False,
                "inspect": False,
                "mutations": False,
                "realtimeMetadata": False,
            },
            "telemetryDisabled": True,
        }
    )


def _agent(name: str) -> dict[str, str]:
    about = "The thread's own model." if name == DEFAULT_AGENT else f"The model {name}."
    return {"name": name, "description": about, "className": "HttpAgent"}
