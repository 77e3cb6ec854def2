"""Streamed requests to any OpenAI-compatible server: the head is the official client's, the bytes are read raw.

A delta read raw costs a seventh of the official client's CPU, and less in a burst; calls that are not streamed go
through that client (`official`). CPU for a delta in µs, from the socket to its text, median of three on two shared
cores, openai 3.52, Python 3.11 on uvloop:

                                                     50 × 1,000 at once    100 × 50/s
    raw reader                                                   1.5            18
    official client, its chunks                              102             130
    the same on its aiohttp transport                         89             101
    official client, raw bytes into this decoder              16              66
    the same on its aiohttp transport                          3.6            35

`tests/unit/test_differential.py` compares both readers, and lists the differences that are intended.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from chat.exceptions import ModelFailed, Unavailable
from chat.llm.http.connections import ConnectionBroken, UpstreamConnection
from chat.llm.http.content_coding import BadCoding, ContentDecoder, UnknownCoding, content_decoder
from chat.llm.http.pool import ConnectionPool
from chat.llm.http.request_head import RequestHead, redirected
from chat.llm.sse import AtOnce, ChunkDecoder, StreamError, StreamUpdate

# Seconds before the one further attempt; long enough for the socket of a restarted server.
RETRY_SECONDS = 0.5
# Seconds of a Retry-After that are waited; beyond, the reader gets the error instead.
RETRY_AFTER_LIMIT = 2.0
# Seconds for token counts and [DONE] after a finish reason in a chunk of its own: some servers leave the answer open.
LAST_SECONDS = 2.0
# Bytes of an event that is decoded in the event loop, which takes some 7 ms at most; of 16 MiB it would take 110 ms.
LOOP_BYTES = 1024 * 1024
# Redirects of one request, in a row; a proxy and a server behind it make two.
MAX_REDIRECTS = 5
# Fields under their newer names: OpenAI's models refuse the older ones since o1, most other servers the newer ones.
RENAMED = {"max_tokens": "max_completion_tokens"}
# Statuses by which servers refuse an unknown field: OpenAI's, that of FastAPI and Mistral, and vLLM's where it lacks a feature.
FIELD_REFUSALS = {400, 422, 501}
# Without this field a server answers in one piece, so it is left out only where the server names it and no other.
STREAM = "stream"

# The field as errors name it: `Unsupported value: 'stream' does not support true with this model`.
_STREAM = re.compile(rb"""['"`]stream['"`]""")

_NONE = frozenset[str]()
_UNREACHABLE = "The model could not be reached. Try again."
_BROKE_OFF = "The model's answer broke off. Try again."


@dataclass(slots=True)
class _Answer:
    """An accepted request's answer, on a connection of `pool`.

    `at_once`: as of `OpenAITransport.stream`; `left`: the update that it did not take.
    """

    pool: ConnectionPool
    connection: UpstreamConnection
    inflater: ContentDecoder | None
    decoder: ChunkDecoder = field(init=False)
    at_once: AtOnce | None = None
    left: StreamUpdate | None = None

    def read(self) -> Awaitable[bytes]:
        """Return the next bytes that are not taken at once."""
        return self.connection.read(None if self.at_once is None or self.inflater else self._consume)

    def _consume(self, data: bytes) -> bool:
        decoder = self.decoder
        if self.at_once is None or decoder.held >= LOOP_BYTES:
            return False
        update = decoder.feed(data)
        # Behind the finish reason the wait has an end of its own.
        if decoder.reason_is_last or not self.at_once(update):
            self.left = update
            return False
        return True

    def close(self) -> None:
        """Keep the connection for the next request where the answer has ended; else close it at once."""
        if self.decoder.done or self.connection.complete:
            self.pool.release(self.connection)
        else:
            self.connection.close()


class OpenAITransport:
    """One address of a model's server. `refused`: by model, the optional and renamed fields that it does not know."""

    def __init__(self, head: RequestHead) -> None:
        self._pool = ConnectionPool(head)
        self._redirected: tuple[str, ConnectionPool] | None = None
        self.refused: dict[str, frozenset[str]] = {}

    async def stream(
        self,
        body: dict[str, Any],
        encode: Callable[[dict[str, Any]], bytes] = msgspec.json.encode,
        optional: frozenset[str] = frozenset(),
        *,
        think_tags: bool | str = False,
        at_once: AtOnce | None = None,
    ) -> AsyncGenerator[StreamUpdate]:
        """POST `body` and yield the answer, one update per read. Raise ModelFailed or Unavailable.

        A server that refuses the request is asked once more without the `optional` fields. `think_tags`: as of ChunkDecoder.
        `at_once` may take updates in the turn that brings them, which are not yielded then; what it raises is raised here.
        """
        # The history is not kept in memory while the answer is read, nor is the set.
        answer, body, optional = await self._asked(body, encode, optional), {}, _NONE
        answer.decoder = ChunkDecoder(think_tags=think_tags)
        answer.at_once = at_once
        decoder, inflater = answer.decoder, answer.inflater
        try:
            while data := await (_last(answer.connection) if decoder.reason_is_last else answer.read()):
                for part in inflater.feed(data) if inflater else (data,):
                    if answer.left is not None:
                        update, answer.left = answer.left, None
                    elif decoder.held < LOOP_BYTES:
                        update = decoder.feed(part)
                    else:
                        update = await asyncio.to_thread(decoder.feed, part)
                    yield update
                    if update.done:
                        return
                    if inflater:
                        # A small body may hold much text: other answers get their turn.
                        await asyncio.sleep(0)
                data = part = b""  # not kept while the model is silent
            _check_end(answer)
            yield await _flushed(decoder)
        except StreamError as problem:
            yield problem.piece
            raise ModelFailed from problem
        except BadCoding as problem:
            raise ModelFailed(_BROKE_OFF) from problem
        finally:
            answer.close()
        if not (decoder.done or decoder.finish_reason):
            raise ModelFailed(_BROKE_OFF)

    def close(self) -> None:
        """Close the connections without a running answer."""
        self._pool.close()
        if self._redirected:
            self._redirected[1].close()

    async def _asked(
        self, body: dict[str, Any], encode: Callable[[dict[str, Any]], bytes], optional: frozenset[str]
    ) -> _Answer:
        """Return the answer, asked again without the fields, or with the names, that the server refuses."""
        model = str(body.get("model"))
        without = known = self.refused.get(model, frozenset())
        while True:
            try:
                answer = await self._twice(encode(_adapted(body, without, optional)))
            except _FieldRefusal as problem:
                left = problem.refused(body, optional) - without
                if not left:
                    raise problem.error from problem
                without |= left
            else:
                if without != known:
                    self.refused[model] = without
                return answer

    async def _twice(self, content: bytes) -> _Answer:
        try:
            return await self._post(content)
        except _RetryableRefusal as again:
            await asyncio.sleep(again.seconds)
        try:
            return await self._post(content)
        except _RetryableRefusal as still:
            raise still.error from still

    async def _post(self, content: bytes) -> _Answer:
        """Send the request, to the targets of redirects as well, and return an answer of success."""
        pool = self._pool
        for _ in range(MAX_REDIRECTS + 1):
            connection = await _posted(pool, content)
            if 200 <= connection.status < 300:
                return _Answer(pool, connection, _inflater(connection))
            text = await _error_text(connection) if connection.status in FIELD_REFUSALS else b""
            connection.close()
            # Those two alone keep method and body (RFC 9110, 15.4).
            if connection.status not in (307, 308):
                raise _refusal(connection, text)
            pool = self._target(pool, connection)
        raise ModelFailed("The model's server redirects without end.")

    def _target(self, pool: ConnectionPool, connection: UpstreamConnection) -> ConnectionPool:
        """Return the connections to a redirect's target; those of the last one are kept."""
        location = connection.headers.get(b"location", b"").decode("latin-1")
        try:
            head = redirected(pool.head, location)
        except ValueError as problem:
            raise ModelFailed("The model's server redirects to an address that is none.") from problem
        if self._redirected is None or self._redirected[0] != head.url:
            self._redirected = head.url, ConnectionPool(head)
        return self._redirected[1]


def _adapted(body: dict[str, Any], refused: frozenset[str], optional: frozenset[str]) -> dict[str, Any]:
    """Return the body without the optional fields among the refused ones, and with new names of the others."""
    return {
        RENAMED.get(name, name) if name in refused else name: value
        for name, value in body.items()
        if name not in refused or name not in optional
    }


async def _posted(pool: ConnectionPool, content: bytes) -> UpstreamConnection:
    try:
        connection = await pool.connection()
    except OSError as problem:
        raise _RetryableRefusal(Unavailable(_UNREACHABLE), RETRY_SECONDS) from problem
    try:
        await pool.post(connection, content)
    except ConnectionBroken as problem:
        # The request had been sent: a second one could be answered and billed as well.
        raise Unavailable(_UNREACHABLE) from problem
    except BaseException:
        connection.close()
        raise
    return connection


def _inflater(connection: UpstreamConnection) -> ContentDecoder | None:
    try:
        return content_decoder(connection.headers.get(b"content-encoding", b"").decode("latin-1"))
    except UnknownCoding as problem:
        connection.close()
        raise ModelFailed("The model's server compressed its answer in an unknown way.") from problem


async def _error_text(connection: UpstreamConnection) -> bytes:
    """Return the start of a refusal, which may name the field that was not known."""
    try:
        async with asyncio.timeout(LAST_SECONDS):
            return await connection.read()
    except TimeoutError:
        return b""


class _FieldRefusal(Exception):
    """A refused request, perhaps for a field that the server does not know; `error` if it was not that."""

    def __init__(self, error: ModelFailed, text: bytes) -> None:
        self.error, self._text = error, text
        super().__init__(str(error))

    def refused(self, body: dict[str, Any], optional: frozenset[str]) -> frozenset[str]:
        """Return the fields to rename, else the optional ones that the server names; all of them where it names none."""
        renamed = {
            old
            for old, new in RENAMED.items()
            if old in body and new not in body and new.encode() in self._text
        }
        sent = optional & body.keys()
        named = frozenset(name for name in sent - {STREAM} if name.encode() in self._text)
        whole = frozenset({STREAM} & sent if _STREAM.search(self._text) else ())
        return frozenset(renamed) or named or whole or sent - {STREAM}


class _RetryableRefusal(Exception):
    """A refused request that may be sent once more after `seconds`; `error` is raised if that fails too."""

    def __init__(self, error: Unavailable, seconds: float) -> None:
        self.error, self.seconds = error, seconds
        super().__init__(str(error))


def _refusal(connection: UpstreamConnection, text: bytes) -> Exception:
    error = refused(connection.status, connection.headers.get(b"retry-after", b"").decode("latin-1"))
    if isinstance(error, ModelFailed):
        return _FieldRefusal(error, text) if connection.status in FIELD_REFUSALS else error
    wait = error.retry_after
    if wait is not None and wait > RETRY_AFTER_LIMIT:
        return error
    return _RetryableRefusal(error, RETRY_SECONDS if wait is None else wait)


def refused(status: int, retry_after: str) -> ModelFailed | Unavailable:
    """Return the error for a status that is no success; `retry_after` is the header of that name, or empty."""
    if status == 501 or (status != 429 and status < 500):
        return ModelFailed(f"The model's server refused the request (status {status}).")
    wait = _retry_after(retry_after)
    return Unavailable("The model is overloaded. Try again a little later.", retry_after=wait)


def _retry_after(value: str) -> float | None:
    """Return the seconds of the number or date that RFC 9110 allows; None for anything else."""
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _cut(started: bool) -> Exception:
    if started:
        return ModelFailed(_BROKE_OFF)
    return Unavailable("The model's server closed the connection. Try again.")


def _check_end(answer: _Answer) -> None:
    """Raise the error of an answer whose connection has broken, unless it came behind the finish reason."""
    decoder = answer.decoder
    if not answer.connection.complete and (decoder.finish_reason is None or decoder.reason_was_early):
        raise _cut(decoder.started) from ConnectionBroken()


async def _flushed(decoder: ChunkDecoder) -> StreamUpdate:
    if decoder.held < LOOP_BYTES:
        return decoder.flush()
    return await asyncio.to_thread(decoder.flush)


async def _last(connection: UpstreamConnection) -> bytes:
    """Return the bytes after the model's finish reason, if they come within LAST_SECONDS; empty at the end."""
    try:
        async with asyncio.timeout(LAST_SECONDS):
            return await connection.read()
    except TimeoutError:
        return b""
