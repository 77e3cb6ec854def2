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
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from chat.exceptions import ModelFailed, Unavailable
from chat.llm.http.connections import TAIL_SECONDS, ConnectionBroken, ConnectionPool, UpstreamConnection
from chat.llm.http.request_head import RequestHead
from chat.llm.sse import ChunkDecoder, StreamError, StreamUpdate

# Seconds before the one further attempt; long enough for the socket of a restarted server.
RETRY_SECONDS = 0.5
# Seconds of a Retry-After that are waited; beyond, the reader gets the error instead.
RETRY_AFTER_LIMIT = 2.0


class OpenAITransport:
    """One address of a model's server."""

    def __init__(self, head: RequestHead) -> None:
        self._server = ConnectionPool(head)

    async def stream(self, body: bytes) -> AsyncGenerator[StreamUpdate]:
        """POST the JSON `body` and yield the answer, one update per read. Raise ModelFailed or Unavailable."""
        # The history is not kept in memory while the answer is read.
        answer, body = await self._asked(body), b""
        decoder, read = ChunkDecoder(), answer.read
        try:
            while data := await (read() if decoder.finish_reason is None else _last(read)):
                piece = decoder.feed(data)
                yield piece
                if piece.done:
                    return
            yield decoder.flush()
        except StreamError as problem:
            yield problem.piece
            raise ModelFailed from problem
        except ConnectionBroken as problem:
            if decoder.finish_reason is None:
                raise _cut(decoder.started) from problem
        finally:
            if decoder.done or answer.complete:
                self._server.release(answer)
            else:
                answer.close()
        if not (decoder.done or decoder.finish_reason):
            raise ModelFailed("The model's answer broke off. Try again.")

    async def _asked(self, content: bytes) -> UpstreamConnection:
        try:
            return await self._post(content)
        except _RetryableRefusal as again:
            await asyncio.sleep(again.seconds)
        try:
            return await self._post(content)
        except _RetryableRefusal as still:
            raise still.error from still

    async def _post(self, content: bytes) -> UpstreamConnection:
        try:
            answer = await self._server.connection()
        except OSError as problem:
            raise _RetryableRefusal(
                Unavailable("The model could not be reached. Try again."), RETRY_SECONDS
            ) from problem
        try:
            await self._server.post(answer, content)
        except ConnectionBroken as problem:
            # The request had been sent: a second one could be answered and billed as well.
            raise Unavailable("The model could not be reached. Try again.") from problem
        except BaseException:
            answer.close()
            raise
        if 200 <= answer.status < 300:
            return answer
        answer.close()
        raise _refusal(answer)


class _RetryableRefusal(Exception):
    """A refused request that may be sent once more after `seconds`; `error` is raised if that fails too."""

    def __init__(self, error: Unavailable, seconds: float) -> None:
        self.error, self.seconds = error, seconds
        super().__init__(str(error))


def _refusal(answer: UpstreamConnection) -> Exception:
    error = refused(answer.status, answer.headers.get(b"retry-after", b"").decode("latin-1"))
    if isinstance(error, ModelFailed):
        return error
    wait = error.retry_after
    if wait is not None and wait > RETRY_AFTER_LIMIT:
        return error
    return _RetryableRefusal(error, RETRY_SECONDS if wait is None else wait)


def refused(status: int, retry_after: str) -> ModelFailed | Unavailable:
    """Return the error for a status that is no success; `retry_after` is the header of that name, or empty."""
    if status != 429 and status < 500:
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
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _cut(started: bool) -> Exception:
    if started:
        return ModelFailed("The model's answer broke off. Try again.")
    return Unavailable("The model's server closed the connection. Try again.")


async def _last(read: Callable[[], Awaitable[bytes]]) -> bytes:
    """Return the bytes after the model's finish reason, if they come within TAIL_SECONDS; empty at the end."""
    try:
        async with asyncio.timeout(TAIL_SECONDS):
            return await read()
    except TimeoutError:
        return b""
