"""The official `openai` client, for all calls off the path of streamed answers: titles, probes, embeddings.

Retries are off: the client would repeat a request that a server has accepted already, which is answered and billed twice.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import openai
from openai import AsyncOpenAI, BaseModel

from chat.exceptions import ModelError, ModelFailed, ModelTimeout, Unavailable
from chat.llm.clients.base import SentRequest
from chat.llm.http.content_coding import ContentDecoder, UnknownCoding, content_decoder
from chat.llm.http.openai_compatible import MAX_REDIRECTS, refused
from chat.llm.http.request_head import proxy_of, split_query, trusted_certificates
from chat.llm.sse import TokenCounts
from chat.llm.sse.answers import is_failure
from chat.llm.sse.chunks import MAX_VALUES
from chat.llm.sse.thought import pieces_of
from chat.llm.sse.token_counts import counts_of
from chat.text.json_values import JsonValues

# Bytes of one answer. A title has some 100; the longest thought ahead of one, some 100 KB.
MAX_ANSWER_BYTES = 1024 * 1024

# The client passes most fields on without a check, so a wrong type shows where the field is used.
_MALFORMED = (ValueError, TypeError, AttributeError, LookupError, RecursionError)


def connect(
    base_url: str,
    api_key: str,
    answer_bytes: int = MAX_ANSWER_BYTES,
    answer_values: int = MAX_VALUES,
) -> AsyncOpenAI:
    """Return a client of one server; it takes 20 ms, of which most is imports. Without a key, none is sent.

    `answer_bytes` and `answer_values`: of the largest answer.
    """
    address, query = split_query(base_url)
    # No connection is kept: there is one call for each new thread, and servers close idle ones after seconds.
    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    proxy = proxy_of(httpx2.URL(base_url))
    transport = _BoundedTransport(
        answer_bytes,
        answer_values,
        verify=trusted_certificates(),
        trust_env=False,
        limits=limits,
        proxy=proxy,
    )
    http_client = httpx2.AsyncClient(
        transport=transport, trust_env=False, follow_redirects=True, max_redirects=MAX_REDIRECTS
    )
    if not api_key:
        http_client.event_hooks = {"request": [_drop_key]}
    client = AsyncOpenAI(
        base_url=address,
        default_query=query,
        api_key=api_key or "none",
        default_headers={"Accept-Encoding": "identity"},
        max_retries=0,
        timeout=None,  # each caller has a deadline for the whole call
        http_client=http_client,
    )
    # All are imported when first asked for, which must not happen on the event loop.
    _ = client.chat.completions, client.completions, client.embeddings
    return client


async def _drop_key(request: httpx2.Request) -> None:
    """Remove the header of the placeholder key: the client insists on a key."""
    request.headers.pop("Authorization", None)


@contextmanager
def our_errors(sent: SentRequest) -> Iterator[None]:
    """Raise ModelError in place of the official client's exceptions; `sent` gets the digest of a refused request."""
    try:
        yield
    except openai.APIError as problem:
        note(sent, problem.request)
        raise translated(problem) from problem
    except _MALFORMED as problem:
        raise translated(problem) from problem


def translated(problem: Exception) -> ModelError:
    """Return the project's error for one of the official client's. The message is left out: it quotes the server."""
    match problem:
        case openai.APITimeoutError():
            return ModelTimeout()
        case openai.APIConnectionError(
            __cause__=UnknownCoding() | httpx2.TooManyRedirects() | httpx2.UnsupportedProtocol()
        ):
            return ModelFailed()
        case openai.APIConnectionError():
            return Unavailable()
        case openai.APIStatusError(status_code=status, response=response):
            return refused(status, response.headers.get("retry-after", ""))
    return ModelFailed()


def note(sent: SentRequest, request: httpx2.Request) -> None:
    """Store the SHA-256 of a request's body as it went out."""
    sent.digest = hashlib.sha256(request.read()).hexdigest()


def text_of(content: object) -> str:
    """Return the text of a field of an answer, empty for null. Raise TypeError or ValueError for anything but text.

    In a list of parts, those that are thought are left out.
    """
    if isinstance(content, list):
        return "".join(text for is_thought, text in pieces_of(content) if not is_thought)
    if content is not None and not isinstance(content, str):
        raise TypeError
    return content or ""


def usage_of(counted: Any) -> TokenCounts | None:
    """Return the counts of an answer; None where the server sent none or other types than numbers."""
    return counts_of(counted.model_dump(warnings=False)) if isinstance(counted, BaseModel) else None


def check_reason(reason: object) -> None:
    """Raise ModelFailed for the finish reason of an answer that failed."""
    if is_failure(str(reason)):
        raise ModelFailed


class _BoundedTransport(httpx2.AsyncHTTPTransport):
    """An HTTP transport that bounds the size of an answer, decompressed, and the values in its JSON."""

    def __init__(self, answer_bytes: int, answer_values: int, **options: Any) -> None:
        super().__init__(**options)
        self._most = answer_bytes, answer_values

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        # Decoded here: a small answer could unpack to gigabytes.
        decoder = content_decoder(response.headers.pop("content-encoding", ""))
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        size, values = self._most
        if response.headers.get("content-type", "").lower().startswith("text/event-stream"):
            values = size  # each event is parsed by itself
        response.stream = _BoundedStream(response.stream, decoder, size, values)
        return response


class _BoundedStream(httpx2.AsyncByteStream):
    """The bytes of an answer, decompressed; iteration raises ModelFailed beyond the bound."""

    def __init__(
        self, stream: httpx2.AsyncByteStream, decoder: ContentDecoder | None, size: int, values: int
    ) -> None:
        self._stream, self._decoder, self._left, self._most_values = stream, decoder, size, values

    async def __aiter__(self) -> AsyncIterator[bytes]:
        values = JsonValues()
        async for data in self._stream:
            for part in self._decoder.feed(data) if self._decoder else (data,):
                self._left -= len(part)
                if self._left < 0 or values.exceed(self._most_values, part):
                    raise ModelFailed
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()
