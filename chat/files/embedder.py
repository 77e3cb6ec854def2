"""Asks for the vectors of files' passages in the background, and for that of a query.

A server that is away only delays: the files are found by their words meanwhile, and a batch that fails is asked for again.
"""

from __future__ import annotations

import asyncio
import logging

from chat import db
from chat.conf import settings
from chat.db import health
from chat.exceptions import ChatError, ModelError, ModelFailed, format_traceback_without_message
from chat.files import vectors
from chat.files.extract.passages import PASSAGE_CHARACTERS
from chat.llm.clients.embeddings import EmbeddingClient, InputRefused
from chat.llm.registry import ModelRegistry
from chat.llm.vectors import QueryVector

logger = logging.getLogger(__name__)

# Seconds of one request: a server without a graphics processor takes 10 for a batch.
REQUEST_SECONDS = 60.0
# Seconds for which a batch is claimed, also one that is asked for text by text. A killed process's is taken up after them.
LEASE_SECONDS = 300.0
# Seconds of rest after a failure, doubled with each further one up to a bound: a server that is away costs few requests.
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 1.0, 300.0
# Seconds until a file is tried again whose batch failed: others come first, for the fault may be its own.
RETRY_SECONDS = 60.0
# Characters of a passage that a server may take which has refused the whole: a model may read no more than 512 tokens.
SHORT_CHARACTERS = 500
# Seconds that a search waits for the vector of its query; then it goes by words alone.
QUERY_SECONDS = 2.0


class FileEmbedder:
    """Makes the vectors of this process, one batch after the other. Other processes take other files."""

    def __init__(self, models: ModelRegistry) -> None:
        self._models = models
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Make vectors until `stop`, if a server of embeddings is configured."""
        if (client := self._models.embeddings()) is not None:
            self._task = asyncio.create_task(self._run(client))

    def stop(self) -> None:
        """Cancel the batch under way: another process, or the next start, asks for it again when its lease has ended."""
        if self._task is not None:
            self._task.cancel()

    async def _run(self, client: EmbeddingClient) -> None:
        failures = 0
        while True:
            pause = 0.0
            try:
                if not await self._step(client):
                    pause = settings.heartbeat_seconds
                failures = 0
            except Exception as problem:  # without another attempt no file would get vectors
                failures += 1
                pause = pause_after(problem, failures)
                _log(problem)
            await asyncio.sleep(pause)

    async def _step(self, client: EmbeddingClient) -> bool:
        """Make the vectors of one batch. Return whether there may be more to do."""
        model = client.spec.identity
        claimed = await db.atomic_async(vectors.claim, model, LEASE_SECONDS)
        if claimed is None:
            return bool(await db.atomic_async(vectors.renew_former, model))
        try:
            async with asyncio.timeout(LEASE_SECONDS):
                found = await passage_vectors(client, claimed.texts)
        except (ModelError, TimeoutError):
            await db.atomic_async(vectors.delay, claimed.key, RETRY_SECONDS)
            raise
        if await db.atomic_async(vectors.store, claimed, found):
            logger.info("action=file_embedded attachment=%d", claimed.key)
        return True


def pause_after(problem: Exception, failures: int) -> float:
    """Return the seconds until the next attempt after so many failures, at least those that the server asks for."""
    wanted = problem.retry_after if isinstance(problem, ChatError) and problem.retry_after else 0.0
    return min(max(wanted, FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 10)), MAX_PAUSE_SECONDS)


def _log(problem: Exception) -> None:
    reason = type(problem).__name__
    if isinstance(problem, ModelFailed):
        logger.warning("action=embedding_failed reason=%s detail=%s", reason, problem.detail)
    elif isinstance(problem, ChatError | TimeoutError):
        logger.warning("action=embedding_failed reason=%s", reason)
    elif not health.is_unmigrated(problem):
        logger.error(
            "action=embedding_failed reason=%s\n%s", reason, format_traceback_without_message(problem)
        )


async def passage_vectors(client: EmbeddingClient, texts: list[str]) -> list[bytes | None]:
    """Return the vectors of passages; None for those without words or direction, and those that the server never takes.

    Raise ModelError, also where the server takes none: then its fault is another.
    """
    asked = [text for text in texts if text.strip()]
    try:
        found = await client.embed(asked, REQUEST_SECONDS) if asked else []
    except InputRefused:
        found = await _one_by_one(client, asked)
    given = iter(found)
    return [next(given) if text.strip() else None for text in texts]


async def _one_by_one(client: EmbeddingClient, texts: list[str]) -> list[bytes | None]:
    """Return the vectors of texts of which the server refuses some; None for those. Raise ModelError if it refuses all."""
    found, refused = list[bytes | None](), 0
    for text in texts:
        try:
            found += await _whole_or_short(client, text)
        except InputRefused:
            found.append(None)
            refused += 1
    if refused == len(texts):
        raise ModelFailed("The server of embeddings refuses every text.")
    return found


async def _whole_or_short(client: EmbeddingClient, text: str) -> list[bytes | None]:
    try:
        return await client.embed([text], REQUEST_SECONDS)
    except InputRefused:
        return await client.embed([text[:SHORT_CHARACTERS]], REQUEST_SECONDS)


async def query_vector(models: ModelRegistry, words: str) -> QueryVector | None:
    """Return the vector of a query; None without a server of embeddings, or where it gives none in time."""
    client = models.embeddings()
    if client is None or not words.strip():
        return None
    seconds = min(QUERY_SECONDS, settings.tool_seconds / 2)
    try:
        (data,) = await client.embed([words[:PASSAGE_CHARACTERS]], seconds)
    except (ModelError, InputRefused) as problem:
        logger.warning("action=query_embedding_failed reason=%s", type(problem).__name__)
        return None
    return QueryVector(client.spec.identity, data) if data else None
