"""The stream of one response: an iterator of events that resumes by itself after a cut."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

import httpx

from chat_client import _routes
from chat_client._reader import ResponseReader
from chat_client._requests import ApiRequest
from chat_client.errors import ChatClientError, ConnectionLostError
from chat_client.events import Event, StreamEnd, TextDelta

Open = Callable[[ApiRequest[object]], AbstractContextManager[httpx.Response]]
Call = Callable[[ApiRequest[object]], object]


class Stream:
    """A response as it comes; the request is sent when the iteration begins.

    Iterate it once, for events or with `text`. To leave before the end use `with` or `close`: the connection is closed,
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

    def __iter__(self) -> Iterator[Event]:
        return self._events

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def text(self) -> Iterator[str]:
        """Yield the pieces of the text. Raise ResponseFailedError if the response failed or was interrupted."""
        for event in self._events:
            if isinstance(event, TextDelta):
                yield event.text
        self._reader.check_end()

    def close(self) -> None:
        """Stop reading; the response goes on at the server."""
        self._events.close()

    def stop(self) -> None:
        """Stop the response; the server keeps the text received here."""
        self._call(_routes.stop(self.response_id, self.offset))

    def _run(self) -> Generator[Event]:
        while not self.end:
            error: ChatClientError = ConnectionLostError("The stream was closed before its end.")
            try:
                yield from self._connection()
            except ChatClientError as failure:
                error = failure
            if not self.end:
                pause = self._reader.failed(error)
                yield pause
                time.sleep(pause.seconds)

    def _connection(self) -> Generator[Event]:
        with self._open(self._reader.next_request()) as response:
            self._reader.connected()
            for data in response.iter_bytes():
                yield from self._reader.feed(data)
                if self.end:
                    return
