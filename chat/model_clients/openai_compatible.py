"""The wire to any OpenAI-compatible server: the official client makes the request's head, the bytes are read raw."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from chat.conf import settings
from chat.errors import ModelFailed, Unavailable
from chat.model_clients.transport import Head, open_session
from chat.sse import ChunkDecoder, Piece, StreamError

RETRY_SECONDS = 0.5  # before the one further attempt; long enough for a restarted server's socket
RETRY_AFTER_LIMIT = 2.0  # seconds that a server may make us wait for it; beyond, the reader is told instead
TAIL_SECONDS = (
    0.5  # for the usage and the end after the last word: a connection read to its end can be used again
)
IDLE_SECONDS = (
    4.0  # an idle connection is kept; servers close theirs after 5 s and more, and a POST then sent is lost
)
SPARE_CONNECTIONS = 100  # above one for each active response, for those whose end is still being read

_READ_ERRORS = (aiohttp.ClientError, ConnectionError)


class OpenAIWire:
    """One address of one server, and a pool of connections to it."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._session = open_session(settings.active_total + SPARE_CONNECTIONS, IDLE_SECONDS)

    async def stream(self, body: bytes) -> AsyncGenerator[Piece]:
        """POST `body`, which is JSON, and give the answer, one piece a read. Raises ModelFailed and Unavailable."""
        # Nor is the history kept in any form while the answer is read.
        answer, body = await self._asked(body), b""
        decoder, read = ChunkDecoder(), answer.content.readany
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
        except _READ_ERRORS as problem:
            if decoder.finish_reason is None:
                raise _cut(decoder.started) from problem
        finally:
            answer.close()
        if not (decoder.done or decoder.finish_reason):
            raise ModelFailed("The model's answer broke off. Try again.")

    async def _asked(self, content: bytes) -> aiohttp.ClientResponse:
        try:
            return await self._post(content)
        except _Again as again:
            await asyncio.sleep(again.seconds)
        try:
            return await self._post(content)
        except _Again as still:
            raise still.error from still

    async def _post(self, content: bytes) -> aiohttp.ClientResponse:
        try:
            answer = await self._session.post(
                self._head.url,
                headers=self._head.headers,
                proxy=self._head.proxy,
                data=content,
                allow_redirects=False,
            )
        except _READ_ERRORS as problem:
            raise _unreachable(problem) from problem
        if 200 <= answer.status < 300:
            return answer
        answer.close()
        raise _refusal(answer)


class _Again(Exception):
    """The server took nothing: it may be asked once more, after `seconds`; `error` if that is no use."""

    def __init__(self, error: Unavailable, seconds: float) -> None:
        self.error, self.seconds = error, seconds
        super().__init__(str(error))


def _refusal(answer: aiohttp.ClientResponse) -> Exception:
    if answer.status != 429 and answer.status < 500:
        return ModelFailed(f"The model's server refused the request (status {answer.status}).")
    wait = _retry_after(answer.headers.get("retry-after"))
    error = Unavailable("The model is overloaded. Try again a little later.", retry_after=wait)
    if wait is not None and wait > RETRY_AFTER_LIMIT:
        return error
    return _Again(error, RETRY_SECONDS if wait is None else wait)


def _retry_after(value: str | None) -> float | None:
    """Seconds, from the number or the date that RFC 9110 allows; None for anything else."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _unreachable(problem: Exception) -> Exception:
    error = Unavailable("The model could not be reached. Try again.")
    if isinstance(problem, aiohttp.ClientConnectorError):
        return _Again(error, RETRY_SECONDS)
    return error  # the request had been sent: asking again could answer, and bill, twice


def _cut(started: bool) -> Exception:
    if started:
        return ModelFailed("The model's answer broke off. Try again.")
    return Unavailable("The model's server closed the connection. Try again.")


async def _last(read: Callable[[], Awaitable[bytes]]) -> bytes:
    """What comes after the model's last word, which is waited for only a moment; empty at the end."""
    try:
        async with asyncio.timeout(TAIL_SECONDS):
            return await read()
    except TimeoutError:
        return b""
