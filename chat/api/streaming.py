"""Streamed bodies: the events of a log, encoded, until its end or that of the reader's access."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncGenerator, Callable
from typing import Protocol

from django.http import StreamingHttpResponse

from chat import service
from chat.accounts.connections import OpenConnection
from chat.accounts.identity import Caller
from chat.api.encoders.marked import MarkedEncoder
from chat.exceptions import BadOffset, ChatError, format_traceback_without_message
from chat.headers import set_headers
from chat.models import Response
from chat.streams import CATCH_UP_SECONDS, EndEvent, Heartbeat, LogEvent, WaitingEvent

logger = logging.getLogger(__name__)

Encode = Callable[[LogEvent], bytes]

EVENT_STREAM = "text/event-stream; charset=utf-8"

# Headers of every stream, so that proxies pass its pieces on at once.
NOT_BUFFERED = {"Cache-Control": "no-cache, no-transform", "X-Accel-Buffering": "no"}


def always_whole() -> bool:
    """Return True: a body of which no part can be missing without its reader's knowledge."""
    return True


class OpenBody(Protocol):
    """The body of a response whose head has been sent. `has_room`: its client takes more at once."""

    @property
    def has_room(self) -> bool: ...

    def write(self, data: bytes) -> None:
        """Send the next bytes."""


class FastPath:
    """The way of a reader's text and thought past its task, right into the body of its response.

    A delta takes it where the reader waits for more and its client has room, which spares a turn of the event loop, a future
    and every coroutine around. It is open once the server has given it the body, and the stream its connection and encoder.
    """

    __slots__ = ("_body", "_connection", "_encode")

    def __init__(self) -> None:
        self._body: OpenBody | None = None
        self._connection: OpenConnection | None = None
        self._encode: Encode | None = None

    def open(self, connection: OpenConnection, encode: Encode) -> None:
        self._connection, self._encode = connection, encode

    def write_to(self, body: OpenBody) -> None:
        self._body = body

    def take(self, event: LogEvent) -> bool:
        """Send an event; return false where the reader's task has to."""
        body, connection, encode = self._body, self._connection, self._encode
        if body is None or connection is None or encode is None or connection.revoked or not body.has_room:
            return False
        if data := encode(event):
            body.write(data)
        return True


class ByteStream(StreamingHttpResponse):
    """Django's streaming response, with the chunks also available without Django's two wrapping generators.

    `is_whole`, asked after the last chunk: false where the body broke off, so that its connection must be closed without the
    last chunk of the encoding, which would make it whole. `fast_path`: what the chunks leave out once it is open.
    """

    def __init__(
        self,
        chunks: AsyncGenerator[bytes],
        content_type: str,
        is_whole: Callable[[], bool] = always_whole,
        fast_path: FastPath | None = None,
    ) -> None:
        super().__init__(chunks, content_type=content_type)
        self.chunks, self.is_whole, self.fast_path = chunks, is_whole, fast_path


def stream_response(
    caller: Caller,
    row: Response,
    first: bytes,
    events: AsyncGenerator[LogEvent],
    encode: Encode,
    content_type: str = EVENT_STREAM,
    *,
    ends_waiting: bool = False,
    is_whole: Callable[[], bool] | None = None,
    fast_path: FastPath | None = None,
) -> ByteStream:
    """Return the stream of a response: its `first` bytes, then the encoded rest of its events.

    `ends_waiting`: a response that waits for a person ends it; a raw reader could not be told. The dialects of other clients
    end there by themselves. `is_whole`: as of ByteStream. `fast_path`: that whose `take` the events were given.
    """
    if is_whole is None:
        # Our own protocol has a rule for a body without `end`: reconnect. Those of other clients have none.
        is_whole = (lambda: encode.ended) if isinstance(encode, MarkedEncoder) else always_whole
    fast_path = fast_path or FastPath()
    ends_waiting = ends_waiting or isinstance(encode, MarkedEncoder)
    chunks = _encode_events(caller, first, events, encode, ends_waiting, fast_path)
    response = ByteStream(chunks, content_type, is_whole, fast_path)
    return set_headers(response, NOT_BUFFERED | response_headers(row))


def response_headers(row: Response) -> dict[str, str]:
    return {"X-Response-Id": row.public_id, "X-Thread-Id": row.thread.public_id}


async def stream_marked(caller: Caller, row: Response, encoder: MarkedEncoder) -> ByteStream:
    """Return the stream of a response in another client's protocol, from the mark that its encoder begins after.

    The head waits until the log has reached that mark. Raise BadOffset for a mark inside a character, or one that a running
    response has not reached at the first heartbeat after CATCH_UP_SECONDS: its owner may have yet to flush what the reader saw.
    """
    last_wait = time.monotonic() + CATCH_UP_SECONDS
    fast_path = FastPath()
    events = await service.follow(caller, row, 0, 0, structured=True, take=fast_path.take)
    first = b""
    try:
        async for event in events:
            if isinstance(event, Heartbeat) and time.monotonic() < last_wait:
                continue
            if isinstance(event, Heartbeat | WaitingEvent):
                raise BadOffset
            first = encoder(event)
            if encoder.caught_up or isinstance(event, EndEvent):
                break
    except BaseException:
        await events.aclose()
        raise
    return stream_response(caller, row, first, events, encoder, fast_path=fast_path)


async def _encode_events(
    caller: Caller,
    first: bytes,
    rest: AsyncGenerator[LogEvent],
    encode: Encode,
    ends_waiting: bool,
    fast_path: FastPath,
) -> AsyncGenerator[bytes]:
    """Yield the body until its end or that of the caller's access.

    Errors are logged instead of raised, which would hang the reader under Daphne.
    """
    # No context managers: two of them take 0.3 KB of each open stream.
    connection: OpenConnection | None = None
    try:
        connection = await service.register_connection(caller)
        if first:
            yield first
        if isinstance(encode, MarkedEncoder) and encode.ended:
            return
        fast_path.open(connection, encode)
        async for event in rest:
            # The end of a response that was stopped with the access holds no more text.
            if connection.revoked and not isinstance(event, EndEvent):
                break
            if data := encode(event):
                yield data
            if ends_waiting and isinstance(event, WaitingEvent):
                break
    except ChatError as error:
        logger.warning("action=stream_cut code=%s", error.code)
    except Exception as error:
        logger.error(
            "action=stream_failed reason=%s\n%s",
            type(error).__name__,
            format_traceback_without_message(error),
        )
    finally:
        if connection is not None:
            connection.close()
        await rest.aclose()
