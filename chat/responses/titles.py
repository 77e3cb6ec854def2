"""Titles by a model: the first words of the first prompt give one at once; a cheap model may replace it after the answer."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass

from chat import db
from chat.conf import settings
from chat.exceptions import ChatError, ModelTimeout
from chat.llm.clients.base import ModelClient, ModelRequest
from chat.llm.registry import ModelRegistry
from chat.llm.sse import TokenCounts
from chat.permissions import rights
from chat.responses import title_storage
from chat.responses.title_text import title_in
from chat.responses.usage.recorder import UsageRecorder
from chat.text import storable, title_of

logger = logging.getLogger(__name__)

# Seconds for a few words in the background, and for a thinking model's thought ahead of them.
SECONDS = 15.0

# Characters of prompt and of answer sent to the model: a topic is clear by then.
WORDS_SHOWN = 2_000

INSTRUCTION = (
    "Give this conversation a title of two to six words, in its own language. Answer with the title alone."
)


@dataclass(slots=True)
class _TitleStats:
    """The answer's text and the fields of `chat.responses.usage.recorder.CallStats`."""

    text: str = ""
    characters: int = 0
    token_counts: TokenCounts | None = None
    first_token: float | None = None


async def improve_title(response: int, models: ModelRegistry, recorder: UsageRecorder) -> None:
    """Replace the title of a thread whose first response has ended by one of CHAT_TITLE_MODEL; log a failure."""
    try:
        client, *_ = await models.clients(settings.title_model)
        await _improve(response, client, recorder)
    except (ChatError, TimeoutError) as problem:
        logger.info("action=title_left response=%d reason=%s", response, type(problem).__name__)


async def _improve(response: int, client: ModelClient, recorder: UsageRecorder) -> None:
    """Ask a model that the owner may use for a title, and set it unless a person has set one. Raises ModelError."""
    candidate = await db.atomic_async(title_storage.title_candidate, response)
    if candidate is None:
        return
    own = await db.run_async(rights.of_user, candidate.owner)
    if client.profile.name not in own.models:
        return
    stats = _TitleStats()
    shown = f"{candidate.prompt[:WORDS_SHOWN]}\n\n{candidate.answer[:WORDS_SHOWN]}"
    messages = [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": shown}]
    request = ModelRequest(messages, [])
    try:
        with recorder.call(client.profile, request, stats):
            await _ask(client, request, stats)
    finally:
        await db.atomic_async(title_storage.store_calls, candidate, response, recorder)
    if words := title_in(stats.text):
        await db.atomic_async(title_storage.set_title, candidate, storable(title_of(words)))


async def _ask(client: ModelClient, request: ModelRequest, stats: _TitleStats) -> None:
    try:
        async with asyncio.timeout(SECONDS):
            answer = await client.complete(request)
    except TimeoutError:
        raise ModelTimeout from None
    stats.text, stats.characters, stats.token_counts = answer.text, len(answer.text), answer.usage
