"""The stream of one response with `async for`; see `stream`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

import httpx

from chat_client import _routes
from chat_client._reader import ResponseReader
from chat_client._requests import ApiRequest
from chat_client.errors import ChatClientError, ConnectionLostError
from chat_client.events import Event, StreamEnd, TextDelta

Open = Callable[[ApiRequest[object]], AbstractAsyncContextManager[httpx.Response]]
Call = Callable[[ApiRequest[object]], Awaitable[object]]


class AsyncStream:
    """A response as it comes; the request is sent when the iteration begins.

    Iterate it once, for events or with `text`. To leave before the end use `async with` or `close`: the connection is closed,
    and the response goes on at the server.
    """

    def __init__(self, reader: ResponseReader, open_stream: Open, call: Call) -> None:
        self._reader = reader
        self._open = open_stream
        self._call = call
        self._events = self._run()

    @property
    def response_id(self) -> str:
        return self._reader.response_id

    @property
    def thread_id(self) -> str | None:
        return self._reader.thread_id

    @property
    def offset(self) -> int:
        """The UTF-8 bytes of text received so far."""
        return self._reader.cursor.offset

    @property
    def thinking_offset(self) -> int:
        """The UTF-8 bytes of thought received so far."""
        return self._reader.cursor.thinking_offset

    @property
    def end(self) -> StreamEnd | None:
        return self._reader.end

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def text(self) -> AsyncIterator[str]:
        """Yield the pieces of the text. Raise ResponseFailedError if the response failed or was interrupted."""
        async for event in self._events:
            if isinstance(event, TextDelta):
                yield event.text
        self._reader.check_end()

    async def close(self) -> None:
        """Stop reading; the response goes on at the server."""
        await self._events.aclose()

    async def stop(self) -> None:
        """Stop the response; the server keeps the text received here."""
        await self._call(_routes.stop(self.response_id, self.offset))

    async def _run(self) -> AsyncGenerator[Event]:
        while not self.end:
            error: ChatClientError = ConnectionLostError("The stream was closed before its end.")
            try:
                async for event in self._connection():
                    yield event
            except ChatClientError as failure:
                error = failure
            if not self.end:
                pause = self._reader.failed(error)
                yield pause
                await asyncio.sleep(pause.seconds)

    async def _connection(self) -> AsyncGenerator[Event]:
        async with self._open(self._reader.next_request()) as response:
            self._reader.connected()
            async for data in response.aiter_bytes():
                for event in self._reader.feed(data):
                    yield event
                if self.end:
                    return
