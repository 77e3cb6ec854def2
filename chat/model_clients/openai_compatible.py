"""The wire to any OpenAI-compatible server: the official client builds and sends the request, the bytes are read raw."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import httpx2
import msgspec
import openai

from chat.conf import settings
from chat.errors import ModelFailed, Unavailable
from chat.model_clients.transport import Transport
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

_READ_ERRORS = (httpx2.HTTPError, aiohttp.ClientError, ConnectionError)


class OpenAIWire:
    """One server: base URL, key, and a pool of connections."""

    def __init__(self, base_url: str, api_key: str) -> None:
        transport = Transport(settings.active_total + SPARE_CONNECTIONS, IDLE_SECONDS)
        self._headers: dict[str, str | openai.Omit] = {
            "Content-Type": "application/json",
            "Accept": "text/event-stream",
            "Accept-Encoding": "identity",
            "X-Stainless-Raw-Response": "stream",
        }
        if not api_key:
            self._headers["Authorization"] = openai.Omit()
        # Deadlines and retries are the engine's and ours: the client's own are 600 s, and two silent ones.
        self._client = openai.AsyncOpenAI(
            base_url=base_url,
            api_key=api_key or "none",
            max_retries=0,
            timeout=None,
            http_client=httpx2.AsyncClient(transport=transport, timeout=None, follow_redirects=False),
        )

    async def stream(self, path: str, body: dict[str, Any]) -> AsyncGenerator[Piece]:
        """POST `body` and give the answer, one piece a read. Raises ModelFailed and Unavailable."""
        decoder, started = ChunkDecoder(), False
        async with self._asked(path, msgspec.json.encode(body)) as response:
            try:
                source = _source(response)
                while data := await _next(source, decoder):
                    piece = decoder.feed(data)
                    started = started or bool(piece.text or piece.calls)
                    yield piece
                    if piece.done:
                        return
                yield decoder.flush()
            except StreamError as problem:
                yield problem.piece
                raise ModelFailed from problem
            except _READ_ERRORS as problem:
                if decoder.finish_reason is None:
                    raise _cut(started) from problem
        if not (decoder.done or decoder.finish_reason):
            raise ModelFailed("The model's answer broke off. Try again.")

    @asynccontextmanager
    async def _asked(self, path: str, content: bytes) -> AsyncIterator[httpx2.Response]:
        try:
            response = await self._post(path, content)
        except _Again as again:
            await asyncio.sleep(again.seconds)
            try:
                response = await self._post(path, content)
            except _Again as still:
                raise still.error from still
        try:
            yield response
        finally:
            await response.aclose()

    async def _post(self, path: str, content: bytes) -> httpx2.Response:
        try:
            return await self._client.post(
                path, cast_to=httpx2.Response, content=content, options={"headers": self._headers}
            )
        except openai.APIStatusError as problem:
            raise _refusal(problem) from problem
        except openai.APIConnectionError as problem:
            raise _unreachable(problem) from problem


class _Again(Exception):
    """The server took nothing: it may be asked once more, after `seconds`; `error` if that is no use."""

    def __init__(self, error: Unavailable, seconds: float) -> None:
        self.error, self.seconds = error, seconds
        super().__init__(str(error))


def _refusal(problem: openai.APIStatusError) -> Exception:
    if problem.status_code != 429 and problem.status_code < 500:
        return ModelFailed(f"The model's server refused the request (status {problem.status_code}).")
    wait = _retry_after(problem.response.headers.get("retry-after"))
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


def _unreachable(problem: openai.APIConnectionError) -> Exception:
    error = Unavailable("The model could not be reached. Try again.")
    cause: BaseException | None = problem
    while cause is not None:
        if isinstance(cause, aiohttp.ClientConnectorError):
            return _Again(error, RETRY_SECONDS)
        cause = cause.__cause__ or cause.__context__
    return error  # the request had been sent: asking again could answer, and bill, twice


def _cut(started: bool) -> Exception:
    if started:
        return ModelFailed("The model's answer broke off. Try again.")
    return Unavailable("The model's server closed the connection. Try again.")


def _source(response: httpx2.Response) -> AsyncIterator[bytes]:
    """The reads as they come, unless a server compresses what it was asked not to."""
    if response.headers.get("content-encoding", "identity") != "identity":
        return response.aiter_bytes()
    reads: AsyncIterator[bytes] = response.extensions["reader"].iter_any()
    return reads


async def _next(source: AsyncIterator[bytes], decoder: ChunkDecoder) -> bytes:
    """The next read, empty at the end; after the model's last word it is waited for only a moment."""
    try:
        if decoder.finish_reason is None:
            return await anext(source)
        async with asyncio.timeout(TAIL_SECONDS):
            return await anext(source)
    except (StopAsyncIteration, TimeoutError):
        return b""
