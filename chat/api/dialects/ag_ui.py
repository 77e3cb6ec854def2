"""Routes of AG-UI's clients: its own HttpAgent, TanStack AI, OpenUI, and CopilotKit by both of its transports."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from chat import db, service
from chat.accounts.identity import Caller
from chat.api.base import CLIENT_BODY_BYTES, authenticate, json_response, read_body, set_session_cookie
from chat.api.cors import authenticate_client
from chat.api.dialects.ag_ui_snapshot import stream_after_snapshot
from chat.api.encoders.ag_ui import PROTOCOL_VERSION, AgUiEncoder, empty_run
from chat.api.encoders.ag_ui_messages import tanstack_messages
from chat.api.encoders.marked import NOTHING_READ
from chat.api.streaming import EVENT_STREAM, set_headers, stream_marked
from chat.api.threads import message_range
from chat.exceptions import BadRequest, NotFound
from chat.llm import config
from chat.models import Response
from chat.schemas import ag_ui as schemas
from chat.schemas.validation import checked_id, mark_text
from chat.threads import inline_pictures, messages, threads

# CopilotKit's name of an agent of which nothing is said: the thread's own model.
DEFAULT_AGENT = "default"


async def post(request: HttpRequest) -> HttpResponseBase:
    """Run the agent, or serve a request to CopilotKit's single route."""
    body = read_body(request, CLIENT_BODY_BYTES)
    envelope = schemas.parse_envelope(body)
    if envelope is None:
        return await _run(request, body, None)
    match envelope.method:
        case "info":
            await authenticate_client(request)
            return _info()
        case "agent/run":
            return await _run(request, envelope.body, _model_of(envelope.agent))
        case "agent/connect":
            _model_of(envelope.agent)
            return await _connect(request, envelope.body)
    if envelope.thread_id is None:
        raise BadRequest("`params.threadId` is missing.")
    return await _stop(request, envelope.thread_id, envelope.body)


async def run(request: HttpRequest, agent: str) -> HttpResponseBase:
    return await _run(request, read_body(request, CLIENT_BODY_BYTES), _model_of(agent))


async def connect(request: HttpRequest, agent: str) -> HttpResponseBase:
    _model_of(agent)
    return await _connect(request, read_body(request, CLIENT_BODY_BYTES))


async def stop(request: HttpRequest, agent: str, thread_id: str) -> HttpResponseBase:
    return await _stop(request, thread_id, request.body)


async def info(request: HttpRequest) -> HttpResponseBase:
    await authenticate(request)
    return _info()


async def get(request: HttpRequest) -> HttpResponseBase:
    """Stream the events of the run `runId`, or show the messages of the thread `threadId`."""
    if run_id := request.GET.get("runId"):
        mark = _last_mark(request) or request.GET.get("offset", str(NOTHING_READ))
        after, caller = mark_text(mark), await authenticate(request)
        row = await db.atomic_async(threads.response, caller.user, run_id)
        return await stream_marked(caller, row, AgUiEncoder(row, after=after))
    if thread_id := request.GET.get("threadId"):
        return await _thread(request, checked_id(thread_id, "threadId"))
    raise BadRequest("`runId` or `threadId` is missing.")


def _last_mark(request: HttpRequest) -> str | None:
    return request.headers.get("Last-Event-ID") or None


def _model_of(agent: str) -> str | None:
    """Return the model that an agent's name stands for; None for the thread's own. Raise NotFound."""
    if agent == DEFAULT_AGENT:
        return None
    if agent not in config.names():
        raise NotFound
    return agent


async def _run(request: HttpRequest, body: bytes, model: str | None) -> HttpResponseBase:
    """Answer a prompt; of a run that is known, send what follows the client's mark, or a snapshot and what follows that."""
    caller = await authenticate_client(request)
    wanted = schemas.parse_run(body, model)
    row, mark = await _find(caller, wanted.run_id), _last_mark(request)
    if row is not None and mark is None:
        return await stream_after_snapshot(caller, row, AgUiEncoder(row, wanted.protocol, numbered=False))
    if row is None:
        send = await db.atomic_async(inline_pictures.store, caller.user, wanted.send)
        row, mark = await service.send(caller, send), None
    after = NOTHING_READ if mark is None else mark_text(mark)
    stream = await stream_marked(caller, row, AgUiEncoder(row, wanted.protocol, after))
    return set_session_cookie(request, stream, caller)


async def _find(caller: Caller, run_id: str) -> Response | None:
    try:
        return await db.atomic_async(threads.response, caller.user, run_id)
    except NotFound:
        return None


async def _connect(request: HttpRequest, body: bytes) -> HttpResponseBase:
    """Stream the newest run of a thread under the client's own name for it; an empty run where there is none."""
    caller = await authenticate_client(request)
    wanted = schemas.parse_connect(body)
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
        "interrupts": None,
    }
    if request.GET.keys() & {"limit", "before"}:
        state["page"] = {"truncated": more, "cursor": shown[0].id if more else None}
    return json_response(state)


async def _stop(request: HttpRequest, thread_id: str, body: bytes) -> HttpResponseBase:
    """Stop the run that the body names, else the one that runs in the thread; an unknown one is not stopped."""
    caller = await authenticate(request)
    run_id = schemas.parse_stop(body)
    row = await db.atomic_async(threads.active_response, caller.user, thread_id, run_id)
    if row is not None:
        await service.stop(caller, row.public_id, None)
    return json_response({"stopped": row is not None})


def _info() -> HttpResponse:
    """Describe the runtime as CopilotKit's clients ask for it: each model is an agent."""
    return json_response(
        {
            "version": PROTOCOL_VERSION,
            "agents": {name: _agent(name) for name in (DEFAULT_AGENT, *config.names())},
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
