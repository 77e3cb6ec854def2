"""The client of a server's `/embeddings`: the vectors of a few texts by one request, through the official client.

A server that refuses the field `dimensions` is asked without it. Vectors that come longer than they were asked for are cut
to their first numbers, which is what servers do that know the field; shorter ones are refused, for they could not be compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from chat.exceptions import ModelFailed, ModelTimeout
from chat.llm.clients.base import SentRequest
from chat.llm.embedding_config import EmbeddingSpec
from chat.llm.vectors import pack

if TYPE_CHECKING:
    from openai import AsyncOpenAI

# Bytes of one answer: 32 vectors of 4,096 numbers, of which each takes some 22 characters.
ANSWER_BYTES = 4 * 1024 * 1024
# Refusals of a request for its texts, as for one that is too long; or for its field `dimensions`.
_REFUSALS = (400, 413, 422)


class InputRefused(Exception):
    """The server refused the texts of a request, and would again."""


class _Item(msgspec.Struct):
    embedding: list[float]
    index: int | None = None


class _Answer(msgspec.Struct):
    data: list[_Item]


class EmbeddingClient:
    """The client of one server and model, connected at its first request."""

    def __init__(self, spec: EmbeddingSpec) -> None:
        self.spec = spec
        self._official: AsyncOpenAI | None = None
        # Models of one length refuse the field `dimensions`.
        self._names_dimensions = True

    async def embed(self, texts: Sequence[str], seconds: float) -> list[bytes | None]:
        """Return the packed vectors of texts, in order; None for one without direction. Raise InputRefused or ModelError."""
        try:
            async with asyncio.timeout(seconds):
                body = await self._ask(list(texts))
        except TimeoutError:
            raise ModelTimeout from None
        # 2.8 MB of numbers, of a server that ignores `dimensions`, take 8 ms of CPU.
        return await asyncio.to_thread(read_vectors, body, len(texts), self.spec.dimensions)

    async def close(self) -> None:
        """Close the connections."""
        if self._official is not None:
            await self._official.close()

    async def _ask(self, texts: list[str]) -> bytes:
        """Return the body of an answer to texts."""
        if self._names_dimensions:
            try:
                return await self._post(texts, dimensions=self.spec.dimensions)
            except InputRefused:
                pass
        body = await self._post(texts)
        self._names_dimensions = False
        return body

    async def _post(self, texts: list[str], **fields: Any) -> bytes:
        # Not at the top: the first page must not wait for `openai`.
        import openai

        from chat.llm.clients.official import our_errors

        with our_errors(SentRequest()):
            try:
                client = await self._connected()
                # Not in Base64, which some servers refuse. The body is read below: the client would do it on the event loop.
                answer = await client.embeddings.with_raw_response.create(
                    model=self.spec.model, input=texts, encoding_format="float", **fields
                )
            except openai.APIStatusError as problem:
                if problem.status_code in _REFUSALS:
                    raise InputRefused from None
                raise
            return bytes(answer.content)

    async def _connected(self) -> AsyncOpenAI:
        from chat.llm.clients.official import connect

        if self._official is None:
            # Its values are numbers, and read in a thread: there may be as many as bytes.
            made = await asyncio.to_thread(
                connect, self.spec.base_url, self.spec.api_key, ANSWER_BYTES, ANSWER_BYTES
            )
            self._official = self._official or made
        return self._official


def read_vectors(body: bytes, count: int, dimensions: int) -> list[bytes | None]:
    """Return the packed vectors of an answer to so many texts. Raise ModelFailed for any other answer."""
    try:
        items = msgspec.json.decode(body, type=_Answer).data
    except (msgspec.DecodeError, ValueError, RecursionError):
        raise ModelFailed("The server of embeddings gave an answer of another form.") from None
    places = [at if item.index is None else item.index for at, item in enumerate(items)]
    if sorted(places) != list(range(count)):
        raise ModelFailed(f"The server of embeddings gave {len(items)} vectors for {count} texts.")
    shortest = min(len(item.embedding) for item in items)
    if shortest < dimensions:
        raise ModelFailed(f"The model of embeddings gives {shortest} numbers: set `dimensions` to that.")
    ordered = sorted(zip(places, items, strict=True), key=lambda placed: placed[0])
    return [pack(item.embedding[:dimensions]) for _, item in ordered]
