"""The ASGI application of the chat, around that of the Django project that installs it.

    django_application = get_asgi_application()   # first, because it sets Django up
    application = ChatApplication(django_application)

The chat's API and its WebSocket are served without Django's threads, everything else by the project.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from functools import lru_cache
from typing import Any

from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http.response import HttpResponse, HttpResponseBase
from django.urls import Resolver404, ResolverMatch, URLResolver, get_resolver

from chat import headers, runtime
from chat.api import probe
from chat.api.base import is_endpoint, problem
from chat.api.consumer import SOCKET_PATH, ChatConsumer
from chat.api.streaming import ByteStream, always_whole
from chat.exceptions import BadRequest
from chat.telemetry import telemetry
from chat.urls import API_PREFIXES

Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]
ASGIApplication = Callable[[Any, Receive, Send], Awaitable[None]]


# An extension of the shipped server, and its event: from it on the server cancels the application once the client has left.
# Under other servers a task waits for that.
CANCEL_WHEN_LEFT = "chat.cancel_when_left"
# Another, whose event brings a function that is given the body: from then on its parts may be written without `send`.
WRITE_AT_ONCE = "chat.write_at_once"


class ApiHandler(ASGIHandler):
    """Handler for async views that authenticate by themselves and never raise.

    Django's own runs synchronous signal receivers and middlewares, which pin a thread to a request until its body is sent: 200
    streams, 201 threads. This handler uses none.
    """

    def load_middleware(self, is_async: bool = False) -> None:
        """Load none: the views authenticate, and `_answer` adds the headers."""

    async def serve(self, match: ResolverMatch, scope: Any, receive: Receive, send: Send) -> None:
        """Answer a request whose path resolved to `match`."""
        body = await _body(receive)
        if body is None:
            return
        leaving = await _watch(scope, receive, send)
        del receive
        try:
            response, body = await self._answer(match, scope, body), b""
            if not isinstance(response, ByteStream):
                await self.send_response(response, send)
                return
            stream, is_whole = await _begin(response, scope, send)
            # A stream may be open for minutes: the request and its head are freed, some 8 KB, of which servers keep a part.
            scope["headers"] = []
            del response, match, scope
            try:
                async for chunk in stream:
                    await send({"type": "http.response.body", "body": chunk, "more_body": True})
            finally:
                await stream.aclose()
            # The end of a body that is not whole is left out: the server then closes the connection in the middle of it.
            if is_whole():
                await send({"type": "http.response.body"})
        except asyncio.CancelledError:
            if leaving is None or not leaving.done():
                raise
        finally:
            if leaving is not None:
                leaving.cancel()

    async def _answer(self, match: ResolverMatch, scope: Any, body: bytes) -> HttpResponseBase:
        try:
            request = ASGIRequest(scope, io.BytesIO(body))
        except ValueError:  # no UTF-8, or a Content-Type in an unknown encoding
            return problem(BadRequest("The path or a header cannot be read."))
        request.resolver_match = match
        response: HttpResponseBase = await match.func(request, *match.args, **match.kwargs)
        headers.for_api(request, response)
        # A cache would take the length of a 304 for that of the body which it keeps (RFC 9110, section 8.6).
        if isinstance(response, HttpResponse) and response.status_code != 304:
            response["Content-Length"] = str(len(response.content))
        return response


async def _body(receive: Receive) -> bytes | None:
    """Return the request's body; None if the client has left."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _start(response: HttpResponseBase) -> Mapping[str, Any]:
    # Django's own mapping yields each of them by three calls of Python.
    named = response.headers._store.values()
    head = [(name.encode("ascii"), value.encode("latin1")) for name, value in named]
    head += [(b"Set-Cookie", cookie.OutputString().encode("ascii")) for cookie in response.cookies.values()]
    return {"type": "http.response.start", "status": response.status_code, "headers": head}


async def _begin(
    response: ByteStream, scope: Any, send: Send
) -> tuple[AsyncGenerator[bytes], Callable[[], bool]]:
    """Send the head of a stream. Return what follows it, and whether that is whole."""
    stream, is_whole = response.chunks, response.is_whole
    # The head alone answers HEAD (RFC 9110, section 9.3.2): what follows it would be read as the next response.
    if scope["method"] == "HEAD":
        stream, is_whole = _nothing(stream), always_whole
    elif response.fast_path is not None and WRITE_AT_ONCE in scope.get("extensions", ()):
        await send({"type": WRITE_AT_ONCE, "give": response.fast_path.write_to})
    await send(_start(response))
    return stream, is_whole


async def _nothing(stream: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """Close a stream, and yield nothing in its place."""
    async with aclosing(stream):
        for chunk in tuple[bytes, ...]():
            yield chunk


async def _watch(scope: Any, receive: Receive, send: Send) -> asyncio.Task[None] | None:
    """Have the current task cancelled once the client leaves; return the task that waits for that, if the server does not."""
    if CANCEL_WHEN_LEFT not in scope.get("extensions", ()):
        return asyncio.create_task(_cancel_when_left(receive, asyncio.current_task()))
    await send({"type": CANCEL_WHEN_LEFT})
    return None


async def _cancel_when_left(receive: Receive, request: asyncio.Task[Any] | None) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    if request is not None:
        request.cancel()


def _endpoint(path: str) -> ResolverMatch | None:
    """Return the chat's own view of a path; None if the path is the project's."""
    return _resolved(get_resolver(), path) if path.startswith(API_PREFIXES) else None


# The paths of prompts come again and again, and Django tries one pattern after the other for each.
@lru_cache(maxsize=256)
def _resolved(resolver: URLResolver, path: str) -> ResolverMatch | None:
    try:
        match = resolver.resolve(path)
    except Resolver404:
        return None
    # All patterns ahead of it, for a page of errors: with 256 paths 15,000 lists, which garbage collections visit.
    match.tried = None
    return match if is_endpoint(match.func) else None


class ChatApplication:
    """Router that sends each connection to its handler and starts and stops the chat's tasks with the server.

    `http` serves all other requests, `sockets` all other WebSockets, which are refused without it. A server announces its
    start and end by lifespan events or by calling `on_startup` and `on_shutdown`. Under one that does neither (Daphne alone)
    the tasks start with the first request, and responses that run at its end are later found as orphans.
    """

    def __init__(self, http: ASGIApplication, sockets: ASGIApplication | None = None) -> None:
        telemetry()  # raises ImproperlyConfigured here, and not at the end of the first response
        self._api, self._socket = ApiHandler(), ChatConsumer.as_asgi()
        self._http, self._sockets = http, sockets or self._socket

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            match = _endpoint(scope["path"])
            answering = (
                self._api.serve(match, scope, receive, send) if match else self._http(scope, receive, send)
            )
            del match, scope, receive, send  # they are freed while a stream is open
            await answering
        elif scope["type"] == "websocket":
            own = {SOCKET_PATH: self._socket, probe.SOCKET_PATH: probe.socket}
            await own.get(scope["path"], self._sockets)(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        steps = {"lifespan.startup": self.on_startup, "lifespan.shutdown": self.on_shutdown}
        for event, step in steps.items():
            while (await receive())["type"] != event:
                continue
            await step()
            await send({"type": f"{event}.complete"})

    async def on_startup(self) -> None:
        await runtime.current()

    async def on_retire(self) -> None:
        """Return when what runs here has ended: another process takes all that is new."""
        await runtime.finish()

    async def on_shutdown(self) -> None:
        await runtime.stop()
