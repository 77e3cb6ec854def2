"""The models that are configured: each is asked a short question, and the server of embeddings for a vector."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

from chat.conf import settings
from chat.exceptions import ChatError, ModelFailed, ModelTimeout
from chat.llm import config
from chat.llm.clients.base import ModelClient, ModelRequest
from chat.llm.clients.embeddings import EmbeddingClient, InputRefused
from chat.llm.registry import ModelRegistry
from chatproject.doctor.findings import Finding

# Long enough an answer that a model which streams cannot send it at once.
QUESTION = "Count from one to sixty in words."
# Characters of an answer in one piece that a streaming model would have sent in several.
WHOLE_CHARACTERS = 120
# Seconds for one model in all.
SECONDS = 60.0


async def check() -> list[Finding]:
    """Ask every model, one after the other. The demo model runs within the server alone."""
    registry, found = ModelRegistry(), []
    try:
        for name, spec in config.specs().items():
            if spec.answers_demo(name):
                found.append(Finding(f"model {name}", "the built-in demo model"))
            else:
                (client, *_) = await registry.clients(name)
                found.append(await ask(client))
        if (embeddings := registry.embeddings()) is not None:
            found.append(await ask_for_vector(embeddings))
    finally:
        await registry.close()
    return found


async def ask(client: ModelClient) -> Finding:
    subject, began = f"model {client.profile.name}", time.monotonic()
    try:
        async with asyncio.timeout(SECONDS):
            sizes = [size async for size in _pieces(client)]
    except TimeoutError:
        return _failed(subject, ModelTimeout(f"It took longer than {SECONDS:g} s."))
    except ChatError as error:
        return _failed(subject, error)
    seconds = time.monotonic() - began
    if len(sizes) == 1 and sizes[0] >= WHOLE_CHARACTERS:
        return Finding(
            subject,
            f"its {sizes[0]} characters came in one piece, after {seconds:.1f} s",
            "Its server or a proxy before it does not stream: switch streaming on there, and buffering off.",
        )
    return Finding(subject, f"streams: {sum(sizes)} characters in {len(sizes)} pieces, {seconds:.1f} s")


async def ask_for_vector(client: EmbeddingClient) -> Finding:
    subject, began = f"embeddings {client.spec.model}", time.monotonic()
    try:
        await client.embed([QUESTION], SECONDS)
    except InputRefused:
        return _failed(subject, ModelFailed("The server refused the request."))
    except ChatError as error:
        return _failed(subject, error)
    seconds = time.monotonic() - began
    return Finding(subject, f"a vector of {client.spec.dimensions} numbers, {seconds:.1f} s")


async def _pieces(client: ModelClient) -> AsyncIterator[int]:
    """Yield the characters of each read of an answer that hold text or thought."""
    async with aclosing(client.stream(ModelRequest([{"role": "user", "content": QUESTION}], []))) as updates:
        async for update in updates:
            if size := len(update.text) + sum(len(words) for _, words in update.thinking):
                yield size


def _failed(subject: str, error: ChatError) -> Finding:
    if any(status in error.detail for status in ("401", "403")):
        return Finding(
            subject, error.detail, "The key is wrong or lacks the right: see docs/guides/models.md."
        )
    where = "Check its address and whether it runs"
    return Finding(subject, f"{error.code}: {error.detail}", f"{where}; see docs/reference/errors.md.")


def silence() -> float:
    """Return the longest time for which a stream may send nothing: a heartbeat comes sooner, but not in the raw form."""
    return max(settings.first_token_seconds, settings.silence_seconds) + 2
