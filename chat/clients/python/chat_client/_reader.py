"""The state of reading one response, without input or output: which request comes next, and what its answer brings."""

from __future__ import annotations

from collections.abc import Iterator

from chat_client import _routes
from chat_client._backoff import Backoff
from chat_client._cursor import Cursor, SseDecoder
from chat_client._requests import ApiRequest
from chat_client.errors import ChatClientError, ResponseFailedError
from chat_client.events import Event, Reconnecting, StreamEnd, StreamStart

# Failed attempts in a row after which a stream gives up: some forty seconds, the time of a restart.
MAX_RETRIES = 8


class ResponseReader:
    """A reader of the response `response_id`; `post` is the request that makes it, None if it exists already."""

    def __init__(
        self,
        response_id: str,
        post: ApiRequest[object] | None,
        cursor: Cursor,
        max_retries: float,
        thread_id: str | None = None,
    ) -> None:
        self.response_id = response_id
        self.thread_id = thread_id
        self.cursor = cursor
        self.end: StreamEnd | None = None
        self._post = post
        self._backoff = Backoff(max_retries)
        self._decoder = SseDecoder()

    def next_request(self) -> ApiRequest[object]:
        """Return the request of the next connection: the ids make a repeated prompt harmless."""
        return self._post or _routes.follow(self.response_id, self.cursor.offset, self.cursor.thinking_offset)

    def connected(self) -> None:
        """Note that the server has accepted the request: the next connection resumes."""
        self._post = None
        self._decoder = SseDecoder()

    def feed(self, data: bytes) -> Iterator[Event]:
        """Yield the new events in these bytes, up to the end. Raise ProtocolError."""
        for received in self._decoder.feed(data):
            event = self.cursor.take(received)
            self._backoff.reset()
            if isinstance(event, StreamStart):
                self.thread_id = event.thread_id
            if isinstance(event, StreamEnd):
                self.end = event
            if event:
                yield event
            if self.end:
                return

    def failed(self, error: ChatClientError) -> Reconnecting:
        """Return the pause before the next connection. Raise the error if another one is of no use."""
        return Reconnecting(self._backoff.seconds_after(error), error)

    def check_end(self) -> None:
        """Raise ResponseFailedError if the response failed or was interrupted."""
        if self.end and self.end.status in ("failed", "interrupted"):
            raise ResponseFailedError(self.end)
