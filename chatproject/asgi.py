"""The ASGI application: the API and the WebSocket without Django's threads, everything else with the whole of Django."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")

import django

django.setup()

from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http.response import HttpResponse, HttpResponseBase
from django.urls import Resolver404, get_resolver

from chat import runtime
from chat.api.base import problem
from chat.api.consumer import ChatConsumer
from chat.api.streaming import ByteStream
from chat.conf import settings
from chat.exceptions import BadRequest, NotFound
from chat.llm.registry import use_demo
from chat.urls import API_PREFIXES
from chatproject import headers

if TYPE_CHECKING:
    from chat.testing.model_server import ModelServer

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class ApiHandler(ASGIHandler):
    """Django's handler for views that are async, authenticate by themselves and never raise.

    Django's own runs synchronous signal receivers and middlewares, which pin a thread to a request until its body is sent: 200
    streams, 201 threads. This one uses none.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        """None: who is asking is the views' business, the headers are `send_response`'s."""

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        body = await _body(receive)
        if body is None:
            return
        me = asyncio.current_task()
        leaving = asyncio.create_task(_cancel_when_left(receive, me))
        try:
            response, body = await self._answer(scope, body), b""
            if isinstance(response, ByteStream):
                stream, start = response.chunks, [_start(response)]
                # A stream may be open for minutes: of request and head, which are 7 KB, nothing is kept.
                del response
                scope["headers"] = []
                await _relay(stream, start, send)
            else:
                await self.send_response(response, send)
        except asyncio.CancelledError:
            if not leaving.done():
                raise
        finally:
            leaving.cancel()

    async def _answer(self, scope: Any, body: bytes) -> HttpResponseBase:
        try:
            request = ASGIRequest(scope, io.BytesIO(body))
        except UnicodeDecodeError:
            return problem(BadRequest("The path or a header is not valid UTF-8."))
        response = await self._response(request)
        headers.for_api(request, response)
        if isinstance(response, HttpResponse):
            response["Content-Length"] = str(len(response.content))
        return response

    async def _response(self, request: ASGIRequest) -> HttpResponseBase:
        try:
            match = get_resolver().resolve(request.path_info)
        except Resolver404:
            return problem(NotFound())
        request.resolver_match = match
        response: HttpResponseBase = await match.func(request, *match.args, **match.kwargs)
        return response


async def _body(receive: Receive) -> bytes | None:
    """The request's body; None if its sender left."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _start(response: HttpResponseBase) -> Mapping[str, Any]:
    head = [(name.encode("ascii"), value.encode("latin1")) for name, value in response.items()]
    head += [(b"Set-Cookie", cookie.OutputString().encode("ascii")) for cookie in response.cookies.values()]
    return {"type": "http.response.start", "status": response.status_code, "headers": head}


async def _relay(stream: AsyncGenerator[bytes], start: list[Mapping[str, Any]], send: Send) -> None:
    """The head, which is taken out of its list, and the chunks of a stream as they are."""
    async with aclosing(stream) as chunks:
        await send(start.pop())
        async for chunk in chunks:
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body"})


async def _cancel_when_left(receive: Receive, request: asyncio.Task[Any] | None) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    if request is not None:
        request.cancel()


class Application:
    """Sends each connection to its handler. The server calls `on_startup` and `on_shutdown`."""

    def __init__(self) -> None:
        self._api, self._pages, self._socket = ApiHandler(), ASGIHandler(), ChatConsumer.as_asgi()
        self._demo: ModelServer | None = None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
        elif scope["path"].startswith(API_PREFIXES):
            await self._api(scope, receive, send)
        else:
            await self._pages(scope, receive, send)

    async def on_startup(self) -> None:
        if settings.demo or not settings.openassistant_base_url:
            from chat.demo import start  # not at the top: it takes 50 ms

            self._demo = await start(c1=settings.page == "c1")
            use_demo(self._demo.base_url)
        await runtime.current()

    async def on_shutdown(self) -> None:
        await runtime.stop()
        if self._demo is not None:
            await self._demo.close()


application = Application()
