"""The raw text of an ended response: of known length, with an ETag, and with the conditions and ranges of HTTP."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.crypto import salted_hmac

from chat import db
from chat.accounts.identity import Caller
from chat.api.encoders import raw
from chat.api.streaming import EVENT_STREAM, response_headers, stream_response
from chat.exceptions import BadOffset, NotFound, RangeNotSatisfiable
from chat.headers import R, set_headers
from chat.models import Response, Status
from chat.streams import LogEvent, TextEvent, sealed
from chat.text import is_boundary

# A reader's own cache may keep the text and has to ask each time, so that the text goes with the access to it.
CACHE = "private, no-cache, no-transform"

# Characters of a tag: 64 bits.
TAG_LENGTH = 16

# One range with a start, of numbers below 2 to the 63rd. The name of the unit has no case.
_RANGE = re.compile(r"bytes=(\d{1,18})-(\d{1,18})?\Z", re.ASCII | re.IGNORECASE)


def has_sealed_text(row: Response) -> bool:
    """Return whether the raw body of a response is its log: one that failed without text ends with a card."""
    return row.ended and (row.status != Status.FAILED or row.text_length > 0)


def checked(row: Response, offset: int) -> int:
    """Return where a reader of an ended response begins. Raise BadOffset beyond the end of one that was not interrupted."""
    if offset > row.log_length and row.status != Status.INTERRUPTED:
        raise BadOffset
    return min(offset, row.log_length)


def tag(row: Response, seal: int, start: int, stop: int) -> str:
    """Return the strong ETag of the bytes [start, stop), which no other text has, nor another user's of the same id."""
    named = f"{row.pk}:{seal}:{start}:{stop}"
    return f'"{salted_hmac(__name__, named).hexdigest()[:TAG_LENGTH]}"'


def protect(answer: R) -> R:
    """Keep the answers of two users apart in one browser's cache, and out of other sites' pages."""
    patch_vary_headers(answer, ["Authorization", "Cookie"])
    answer["Cross-Origin-Resource-Policy"] = "same-origin"
    return answer


async def read(row: Response, seal: int, start: int, stop: int) -> bytes:
    """Return the first of the bytes [start, stop). Raise NotFound where they have gone."""
    data = await db.run_async(sealed.read, row.pk, seal, start, stop)
    if not data and start < min(stop, row.log_length):
        raise NotFound
    return data


def whole_characters(data: bytes) -> bytes:
    """Return the bytes from a reader's offset on. Raise BadOffset for one inside a character."""
    if not is_boundary(data, 0):
        raise BadOffset
    return data


async def serve(
    request: HttpRequest, caller: Caller, row: Response, seal: int, offset: int
) -> HttpResponseBase:
    """Return the text from an offset to the end, the part of it that a Range names, or 304.

    Raise BadOffset, RangeNotSatisfiable or NotFound.
    """
    offset, end = checked(row, offset), row.log_length
    etag = tag(row, seal, offset, end)
    answer: HttpResponseBase | None = get_conditional_response(request, etag)
    if answer is None:
        start, stop = _range(request, etag, offset, end)
        first = await read(row, seal, start, stop)
        if start == offset:
            whole_characters(first)
        answer = SealedText(row.pk, seal, start + len(first), stop).answer(caller, row, first)
        set_headers(answer, {"Content-Length": str(stop - start), "Accept-Ranges": "bytes"})
        if stop - start < end - offset:
            answer.status_code = 206
            answer["Content-Range"] = f"bytes {start - offset}-{stop - offset - 1}/{end - offset}"
    return protect(set_headers(answer, {**response_headers(row), "ETag": etag, "Cache-Control": CACHE}))


def _range(request: HttpRequest, etag: str, offset: int, end: int) -> tuple[int, int]:
    """Return the bytes of the log that a request names: all from the offset on, or a part. Raise RangeNotSatisfiable."""
    found = _RANGE.match(request.headers.get("Range", ""))
    if found is None or request.headers.get("If-Range", etag) != etag:
        return offset, end
    start = offset + int(found[1])
    stop = end if found[2] is None else offset + int(found[2]) + 1
    if found[2] is not None and stop <= start:
        return offset, end  # invalid, and so ignored (RFC 9110, section 14.1.1)
    if start >= end:
        raise RangeNotSatisfiable(size=end - offset)
    return start, min(end, stop)


class SealedText:
    """The bytes of a sealed log up to `stop`, of which those before `position` have been read."""

    def __init__(self, response: int, seal: int, position: int, stop: int) -> None:
        self.response, self.seal, self.position, self.stop = response, seal, position, stop

    def answer(self, caller: Caller, row: Response, first: bytes) -> HttpResponseBase:
        """Return the stream of these bytes behind the `first` ones."""
        return stream_response(
            caller,
            row,
            first,
            self._rest(),
            raw.c1,
            EVENT_STREAM,
            is_whole=lambda: self.position == self.stop,
        )

    async def _rest(self) -> AsyncGenerator[LogEvent]:
        """Yield the bytes that have not been read; no more once the log has gone."""
        while self.position < self.stop:
            data = await db.run_async(sealed.read, self.response, self.seal, self.position, self.stop)
            if not data:
                return
            yield TextEvent(data, self.position + len(data))
            self.position += len(data)  # only now: a reader whose access has ended does not send them
