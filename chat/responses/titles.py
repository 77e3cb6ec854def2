"""Better titles: the first words of the first prompt make one at once; a cheap model may improve it after the answer."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

from chat import db
from chat.conf import settings
from chat.llm.clients.base import ModelClient, ModelRequest
from chat.responses import title_storage
from chat.responses.usage import upstream_calls
from chat.responses.usage.recorder import UsageRecorder
from chat.text import plain_text, storable, title_of

SECONDS = 15.0  # for a few words; who waits for none
ENOUGH_CHARACTERS = 400  # of the model's answer: a title has 80, its envelope some 200
WORDS_SHOWN = 2_000  # characters of prompt and of answer that the model is shown

INSTRUCTION = (
    "Give this conversation a title of two to six words, in its own language. Answer with the title alone."
)


@dataclass(slots=True)
class _TitleStats:
    """As `chat.responses.usage.recorder.Heard`."""

    text: str = ""
    characters: int = 0
    token_counts: tuple[int, int] | None = None
    first_token: float | None = None


async def improve_title(response: int, client: ModelClient) -> None:
    """Ask a model for the title of a thread whose first response has just ended; never over one that a person set."""
    candidate = await db.atomic_async(title_storage.title_candidate, response)
    if candidate is None:
        return
    stats, recorder = _TitleStats(), UsageRecorder(first_round=settings.tool_rounds + 1)
    shown = f"{candidate.prompt[:WORDS_SHOWN]}\n\n{candidate.answer[:WORDS_SHOWN]}"
    messages = [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": shown}]
    request = ModelRequest(messages, [])
    try:
        with recorder.call(client.profile, request, stats):
            await _listen(client, request, stats)
    finally:
        await db.atomic_async(
            upstream_calls.add, candidate.owner, candidate.thread, response, recorder.unstored
        )
    words = plain_text(stats.text).strip().strip('"“”')
    if words:
        await db.atomic_async(title_storage.set_title, candidate, storable(title_of(words)))


async def _listen(client: ModelClient, request: ModelRequest, stats: _TitleStats) -> None:
    async with asyncio.timeout(SECONDS), aclosing(client.stream(request)) as pieces:
        async for piece in pieces:
            stats.text += piece.text
            stats.characters += len(piece.text)
            if piece.usage is not None:
                stats.token_counts = (piece.usage.prompt_tokens, piece.usage.completion_tokens)
            if piece.done or stats.characters > ENOUGH_CHARACTERS:
                return
