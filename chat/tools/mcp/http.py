"""Requests to MCP servers over HTTP: bounded answers and reconnections, and the refusal of a session."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import msgspec

from chat.tools.mcp.calls import current_call
from chat.tools.mcp.message_bound import MessageBound, MessageTooLargeError
from chat.tools.mcp.pace import Pace

# For the answer to the end of a session.
END_SECONDS = 2.0
# For the answer to a notification, or to a reply to a request of the server: while one is awaited no further message is sent.
ACCEPTED_SECONDS = 10.0
# Streams that a server may end and have opened anew at its own pace, in these seconds: long calls poll every second or less.
STREAMS, STREAMS_SECONDS = 20, 20.0
# Statuses of a server that has lost the session: by the specification 404, by several servers 400, by the Rust package 401.
SESSION_LOST_STATUSES = (400, 401, 404)
# The ends of server-sent events.
EVENT_END = re.compile(rb"\r?\n\r?\n|\r\r")


class HttpClient(httpx2.AsyncClient):
    """An HTTP client that bounds answers and reconnections, and tells a call that its session was refused."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._streams = Pace(STREAMS, STREAMS_SECONDS)

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        if request.method == "GET":
            # The server sets the pause before each reconnection, so it may be none.
            await asyncio.sleep(self._streams.pause())
        async with asyncio.timeout(_seconds(request)):
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
        content_type = response.headers.get("content-type", "").lower()
        response.stream = _BoundedStream(response.stream, content_type.startswith("text/event-stream"))
        if not stream:
            async with contextlib.aclosing(response):
                await response.aread()
        return response


def _seconds(request: httpx2.Request) -> float | None:
    """Return the deadline for the head of an answer; None for a call, which has one of its own, and the stream of messages."""
    if request.method == "DELETE":
        return END_SECONDS  # at the end of a session a server is not waited for
    if request.method != "POST":
        return None
    head = msgspec.json.decode(request.content, type=_Head)
    return None if head.method and head.id is not None else ACCEPTED_SECONDS


def _refuses_session(request: httpx2.Request, response: httpx2.Response) -> bool:
    """Return whether a server refused the call itself for its session.

    Other requests in the context of a call, such as that for the rest of its stream, come after the tool began to run.
    """
    return (
        response.status_code in SESSION_LOST_STATUSES
        and "mcp-session-id" in request.headers
        and request.method == "POST"
        and msgspec.json.decode(request.content, type=_Head).method == "tools/call"
    )


class _Head(msgspec.Struct):
    """The kind of a message: requests have both fields, notifications no `id`, replies no `method`."""

    method: str = ""
    id: int | str | None = None


class _BoundedStream(httpx2.AsyncByteStream):
    """The body of an answer, of which one message, an event or the whole body, is bounded by MessageBound."""

    def __init__(self, stream: Any, has_events: bool) -> None:
        self._stream, self._has_events = stream, has_events
        # Line breaks at the end of the last chunk: the end of an event may be cut in two.
        self._breaks = b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        bound = MessageBound()
        async for chunk in self._stream:
            first, *others = self._parts(chunk)
            try:
                bound.add(first)
                for part in others:
                    bound = MessageBound()
                    bound.add(part)
            except MessageTooLargeError as problem:
                raise (httpx2.SSEError if self._has_events else httpx2.StreamError)(str(problem)) from None
            yield chunk

    def _parts(self, chunk: bytes) -> list[bytes]:
        """Return the next part of the message that has begun, and those of further ones."""
        if not self._has_events:
            return [chunk]
        data = self._breaks + chunk
        self._breaks = data[len(data.rstrip(b"\r\n")) :][-3:]
        return EVENT_END.split(data.removesuffix(self._breaks))

    async def aclose(self) -> None:
        await self._stream.aclose()
