"""The demo model's HTTP side: requests in, answers out, streamed at a human pace."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from . import chunks, pace
from .blocks import Failure
from .c1 import in_c1
from .conversation import Conversation, from_chat, from_prompt
from .delivery import Delivery, deliver
from .program import Turn, as_it_is
from .replies import reply

BODY_BYTES = 64 * 1024 * 1024
"""The largest request body: a long thread's whole history comes with every question."""
BACKLOG = 1024
"""Connections that may wait to be accepted; a burst beyond it costs each a second."""
CLOSE_SECONDS = 0.1
"""How long streams may go on when the server closes; their readers are being closed too."""
SILENCE_SECONDS = 3600.0
"""How long the failure "silence" holds the connection; any reader's own deadline is shorter."""
FAILS_AFTER = 12
"""Deltas before a failure in mid-answer: enough that a partial text is seen."""
FAILED = "The demo model failed on demand."

_PACE = web.AppKey("pace", float)
_TURN: web.AppKey[Turn] = web.AppKey("turn")
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class DemoServer:
    """A running demo model; `base_url` ends in `/v1/`."""

    base_url: str
    _runner: web.AppRunner

    async def close(self) -> None:
        """Stops listening and cuts what still streams."""
        await self._runner.cleanup()


async def start(host: str = "127.0.0.1", port: int = 0, *, pace: float = 1.0, c1: bool = False) -> DemoServer:
    """Starts the server in the running event loop; port 0 takes a free one, `pace` 0 writes at full speed.

    `c1`: the page draws with Thesys' client, which knows C1's own components and not OpenUI's.
    Raises OSError when the address cannot be had.
    """
    runner = web.AppRunner(
        application(pace, in_c1 if c1 else as_it_is),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=CLOSE_SECONDS,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port, backlog=BACKLOG).start()
    except OSError:
        await runner.cleanup()
        raise
    name = f"[{host}]" if ":" in host else host
    return DemoServer(f"http://{name}:{runner.addresses[0][1]}/v1/", runner)


def application(pace: float, turn: Turn) -> web.Application:
    """The routes, with every error as OpenAI writes it."""
    app = web.Application(client_max_size=BODY_BYTES, middlewares=[_errors])
    app[_PACE], app[_TURN] = pace, turn
    app.router.add_post("/v1/chat/completions", _chat)
    app.router.add_post("/v1/completions", _completions)
    app.router.add_get("/v1/models", _models)
    return app


@web.middleware
async def _errors(request: web.Request, handler: _Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as problem:
        if problem.status < 400:
            raise
        return web.json_response(chunks.error(problem.text or problem.reason), status=problem.status)


async def _models(_request: web.Request) -> web.Response:
    return web.json_response(
        {"object": "list", "data": [{"id": "demo", "object": "model", "owned_by": "demo"}]}
    )


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise web.HTTPBadRequest(text="The body is not JSON.") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="The body is not a JSON object.")
    return body


async def _chat(request: web.Request) -> web.StreamResponse:
    body = await _body(request)
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        raise web.HTTPBadRequest(text="`messages` must be a list with at least one message.")
    return await _answer(request, body, from_chat(body), chat=True)


async def _completions(request: web.Request) -> web.StreamResponse:
    body = await _body(request)
    prompt = (
        body["prompt"][0] if isinstance(body.get("prompt"), list) and body["prompt"] else body.get("prompt")
    )
    if not isinstance(prompt, str):
        raise web.HTTPBadRequest(text="`prompt` must be text.")
    return await _answer(request, body, from_prompt(prompt), chat=False)


async def _answer(
    request: web.Request, body: dict[str, Any], asked: Conversation, *, chat: bool
) -> web.StreamResponse:
    given = reply(asked)
    if isinstance(given, Failure) and given.kind == "status":
        return web.json_response(
            chunks.error("The demo model plays an overloaded server.", "server_error"), status=503
        )
    delivery = deliver(body, asked, given, chat=chat, turn=request.app[_TURN])
    if body.get("stream") is True:
        return await _stream(request, delivery, usage=_wants_usage(body))
    if delivery.failure:
        return web.json_response(chunks.error(FAILED, "server_error"), status=500)
    await asyncio.sleep(request.app[_PACE] * pace.THINKING_SECONDS)
    return web.json_response(delivery.whole())


def _wants_usage(body: dict[str, Any]) -> bool:
    options = body.get("stream_options")
    return isinstance(options, dict) and options.get("include_usage") is True


async def _stream(request: web.Request, delivery: Delivery, *, usage: bool) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):
        await _write(request, response, delivery)
        if delivery.failure:
            await _fail(request, response, delivery.failure)
        else:
            await response.write(delivery.ending(usage=usage))
    return response


async def _write(request: web.Request, response: web.StreamResponse, delivery: Delivery) -> None:
    factor, clock = request.app[_PACE], asyncio.get_running_loop().time
    deltas = delivery.deltas()
    interval = factor / pace.rate(len(deltas))
    due = clock() + factor * pace.THINKING_SECONDS
    for delta in deltas[: FAILS_AFTER if delivery.failure else None]:
        await asyncio.sleep(max(0.0, due - clock()))
        await response.write(chunks.event(delivery.frame.chunk(delta)))
        due += interval


async def _fail(request: web.Request, response: web.StreamResponse, kind: str) -> None:
    if kind == "error":
        await response.write(chunks.event(chunks.error(FAILED, "server_error")))
        return
    if kind == "silence":
        await asyncio.sleep(SILENCE_SECONDS)
    if request.transport:
        request.transport.close()
