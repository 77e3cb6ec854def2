"""Requests to MCP servers over HTTP: bounded answers and reconnections, and the refusal of a session."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec

from chat.tools.mcp.calls import current_call
from chat.tools.mcp.pace import Pace

# Of one event or JSON answer over HTTP: pictures of a result come in Base64.
MESSAGE_BYTES = 8 * 1024 * 1024
# For the answer to the end of a session.
END_SECONDS = 2.0
# Streams that a server may end and have opened anew at its own pace, in these seconds: long calls poll every second or less.
STREAMS, STREAMS_SECONDS = 20, 20.0
# Statuses of a server that has lost the session: by the specification 404, by several servers 400, by the Rust package 401.
SESSION_LOST_STATUSES = (400, 401, 404)


class HttpClient(httpx2.AsyncClient):
    """An HTTP client that bounds answers and reconnections, and tells a call that its session was refused."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._streams = Pace(STREAMS, STREAMS_SECONDS)

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        if request.method == "GET":
            # The server sets the pause before each reconnection, so it may be none.
            await asyncio.sleep(self._streams.pause())
        # At the end of a session a server is not waited for.
        async with asyncio.timeout(END_SECONDS if request.method == "DELETE" else None):
            return await self._send(request, **options)

    async def _send(
        self, request: httpx2.Request, *, stream: bool = False, **options: Any
    ) -> httpx2.Response:
        response = await super().send(request, stream=True, **options)
        call = current_call.get(None)
        if call is not None and _refuses_session(request, response):
            call.session_lost = True
        # Decoded content has no bound; an encoded answer, which was not asked for, is no message.
        response.headers.pop("content-encoding", None)
        if not response.headers.get("content-type", "").lower().startswith("text/event-stream"):
            response.stream = _BoundedStream(response.stream)
        if not stream:
            async with contextlib.aclosing(response):
                await response.aread()
        return response


def _refuses_session(request: httpx2.Request, response: httpx2.Response) -> bool:
    """Return whether a server refused the call itself for its session.

    Other requests in the context of a call, such as that for the rest of its stream, come after the tool began to run.
    """
    return (
        response.status_code in SESSION_LOST_STATUSES
        and "mcp-session-id" in request.headers
        and request.method == "POST"
        and msgspec.json.decode(request.content, type=_Method).method == "tools/call"
    )


class _Method(msgspec.Struct):
    method: str = ""


class _BoundedStream(httpx2.AsyncByteStream):
    """The body of an answer, which fails beyond MESSAGE_BYTES."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MESSAGE_BYTES:
                raise httpx2.StreamError("the answer is too large")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()
