"""The read side of Durable Streams: the text of each response is a stream, which closes with the response.

Offsets are those of all dialects, bytes of the text. Catch-up and long-poll answers hold one portion; `live=sse` is followed.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import aclosing, closing, suppress
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response

from chat import db, service
from chat.accounts.identity import Caller
from chat.api import sealed as sealed_answers
from chat.api.base import authenticate
from chat.api.chat import PLAIN
from chat.api.encoders.durable_streams import DurableStreamsEncoder, next_cursor, offset_token, parse_offset
from chat.api.operations import EMPTY, RESPONSE_HEADERS, Answer, describe, streamed
from chat.api.sealed import protect
from chat.api.streaming import FastPath, response_headers, stream_response
from chat.exceptions import BadOffset, NotFound, Unauthenticated
from chat.headers import set_headers
from chat.models import Response
from chat.schemas.queries import PortionQuery
from chat.schemas.validation import parse_query
from chat.streams import EndEvent, LogEvent, TextEvent
from chat.text import utf8_floor
from chat.threads import threads

# Bytes of one answer at most: a row of the log.
PORTION_BYTES = 65_536

# Seconds that a long poll waits: below the 30 s after which some proxies give up.
POLL_SECONDS = 20.0

# Seconds for which a reader's own cache may keep a portion that never changes; short, for a message may be redacted or deleted.
SEALED_SECONDS = 60

# Headers of a portion.
STREAM_HEADERS = (*RESPONSE_HEADERS, "Stream-Next-Offset", "Stream-Up-To-Date", "Stream-Closed", "ETag")
NOW = "now"


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """The query of a read. `offset` None: the end of the log at that moment."""

    offset: int | None
    live: str | None
    cursor: str


@dataclass(frozen=True, slots=True)
class Portion:
    """Bytes of a log from `start` on. `is_last`: they reach its end; `final`: the response, where it has ended there.

    `etag`: that of a sealed log, whose bytes need not be looked at.
    """

    start: int
    data: bytes
    is_last: bool
    final: Response | None
    etag: str = ""

    @property
    def stop(self) -> int:
        return self.start + len(self.data)

    @property
    def is_sealed(self) -> bool:
        """Return whether the same request has the same answer from now on."""
        return self.final is not None or not self.is_last


@describe(
    Answer(200, "text/plain", headers=STREAM_HEADERS),
    streamed(),
    EMPTY,
    Answer(304),
    query=PortionQuery,
    headers=("If-None-Match",),
)
async def read(request: HttpRequest, response_id: str) -> HttpResponseBase:
    """Read the text of a response, a portion at once or as it comes."""
    wanted = None if request.method == "HEAD" else _parse(request)
    caller = await authenticate(request)
    row, seal = await db.run_async(threads.response_with_seal, caller.user, response_id)
    end = row.log_length if row.ended else (await service.current_end(row))[0]
    if wanted is None:
        return _metadata(row, end)
    offset = end if wanted.offset is None else wanted.offset
    if row.ended and wanted.live != "sse":
        portion = await _sealed_portion(row, seal, offset)
        if wanted.live is None:
            return _catch_up(request, row, portion, cacheable=wanted.offset is not None)
        return _polled(request, row, portion, next_cursor(wanted.cursor))
    fast_path = FastPath()
    events = await service.follow(caller, row, offset, take=fast_path.take)
    if wanted.live == "sse":
        encode = DurableStreamsEncoder(end, wanted.cursor)
        first = encode(await anext(events))
        return protect(stream_response(caller, row, first, events, encode, fast_path=fast_path))
    async with aclosing(events):
        portion = await _read_portion(row, events, end)
        if wanted.live is None:
            return _catch_up(request, row, portion, cacheable=wanted.offset is not None)
        if not portion.data:
            portion = await _poll(caller, row, events, portion)
    return _polled(request, row, portion, next_cursor(wanted.cursor))


def _parse(request: HttpRequest) -> ReadRequest:
    """Return the query of a read. Raise BadRequest or BadOffset."""
    given, query = request.GET.getlist("offset"), parse_query(request.GET, PortionQuery)
    if len(given) > 1:
        raise BadOffset("Name one offset.")
    if query.live and not given:
        raise BadOffset("A live read names its offset; `-1` is the beginning.")
    offset = None if query.offset == NOW else parse_offset(query.offset)
    return ReadRequest(offset, query.live, query.cursor)


async def _read_portion(row: Response, events: AsyncGenerator[LogEvent], end: int) -> Portion:
    """Read what the log holds up to `end`, PORTION_BYTES at most, without waiting for more. Raise BadOffset or NotFound."""
    start = stop = (await anext(events)).offset  # type: ignore[union-attr]  # the first is always StartEvent
    data = bytearray()
    while stop < end and len(data) < PORTION_BYTES:
        event = await anext(events)
        if isinstance(event, EndEvent):
            raise NotFound  # deleted meanwhile
        if isinstance(event, TextEvent):
            data += event.data
            stop = event.offset
    portion = bytes(data)
    portion = portion[: utf8_floor(portion, PORTION_BYTES)]
    is_last = start + len(portion) >= end
    return Portion(start, portion, is_last, row if row.ended and is_last else None)


async def _sealed_portion(row: Response, seal: int, offset: int) -> Portion:
    """Read the same of a response that has ended. Raise BadOffset or NotFound."""
    start = sealed_answers.checked(row, offset)
    data = await sealed_answers.read(row, seal, start, start + PORTION_BYTES + 1)
    data = sealed_answers.whole_characters(data)[: utf8_floor(data, PORTION_BYTES)]
    is_last = start + len(data) == row.log_length
    etag = sealed_answers.tag(row, seal, start, start + len(data))
    return Portion(start, data, is_last, row if is_last else None, etag)


async def _poll(caller: Caller, row: Response, events: AsyncGenerator[LogEvent], portion: Portion) -> Portion:
    """Wait for text or the end. Raise Unauthenticated where the caller's access ends first, NotFound for a deletion."""
    with closing(await service.register_connection(caller)) as connection:
        event = await next_text_or_end(events, POLL_SECONDS)
        if connection.revoked:
            raise Unauthenticated
    if isinstance(event, TextEvent):
        end, _ = await service.current_end(row)
        return Portion(portion.start, event.data, event.offset >= end, None)
    if isinstance(event, EndEvent):
        if event.response is None:
            raise NotFound
        return Portion(event.offset, b"", True, event.response)
    return portion


async def next_text_or_end(events: AsyncGenerator[LogEvent], seconds: float) -> TextEvent | EndEvent | None:
    """Return the next text or the end; None where neither comes in time."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            async for event in events:
                if isinstance(event, TextEvent | EndEvent):
                    return event
    return None


def _metadata(row: Response, end: int) -> HttpResponse:
    portion = Portion(end, b"", True, row if row.ended else None)
    return set_headers(_answer(row, portion), {"Cache-Control": "no-store"})


def _catch_up(request: HttpRequest, row: Response, portion: Portion, *, cacheable: bool) -> HttpResponseBase:
    answer = _answer(row, portion)
    if not cacheable:
        return set_headers(answer, {"Cache-Control": "no-store"})
    return _conditional(request, answer, portion)


def _polled(request: HttpRequest, row: Response, portion: Portion, cursor: str) -> HttpResponseBase:
    answer = set_headers(_answer(row, portion), {"Stream-Cursor": cursor})
    if portion.data:
        return _conditional(request, answer, portion)
    answer.status_code = 204
    return set_headers(answer, {"Cache-Control": "no-store"})


def _answer(row: Response, portion: Portion) -> HttpResponse:
    answer = HttpResponse(portion.data, content_type=PLAIN)
    set_headers(answer, {**response_headers(row), "Stream-Next-Offset": offset_token(portion.stop)})
    if portion.is_last:
        answer["Stream-Up-To-Date"] = "true"
    if portion.final is not None:
        set_headers(answer, {"Stream-Closed": "true", "X-Response-Status": portion.final.status})
    return protect(answer)


def _conditional(request: HttpRequest, answer: HttpResponse, portion: Portion) -> HttpResponseBase:
    """Add the ETag and the rules of caching; return 304 to a client that has the answer already.

    The tag of a log that is not sealed is made of the bytes: other users' streams may have the same id.
    """
    digest = hashlib.sha256(portion.data).hexdigest()[:16] if not portion.etag else ""
    etag = portion.etag or f'"{digest}:{portion.start}:{portion.stop}"'
    rule = f"private, max-age={SEALED_SECONDS}" if portion.is_sealed else "private, no-cache"
    set_headers(answer, {"ETag": etag, "Cache-Control": rule})
    result = get_conditional_response(request, etag, None, answer)
    if result is None or result is answer:
        return answer
    own = {name: value for name, value in answer.items() if name.startswith(("Stream-", "X-"))}
    return set_headers(result, own)
