"""Better titles: the first words of the first prompt make one at once; a cheap model may improve it after the answer."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass

from chat import store
from chat.conf import settings
from chat.meter import Meter
from chat.model_clients.base import ModelClient, Question
from chat.store import titles, usage
from chat.text import readable, storable, title_of

SECONDS = 15.0  # for a few words; who waits for none
ENOUGH_CHARACTERS = 400  # of the model's answer: a title has 80, its envelope some 200
WORDS_SHOWN = 2_000  # characters of prompt and of answer that the model is shown

INSTRUCTION = (
    "Give this conversation a title of two to six words, in its own language. Answer with the title alone."
)


@dataclass(slots=True)
class _Heard:
    """As `chat.meter.Heard`."""

    text: str = ""
    characters: int = 0
    counted: tuple[int, int] | None = None
    first_token: float | None = None


async def improve(response: int, client: ModelClient) -> None:
    """Ask a model for the title of a thread whose first response has just ended; never over one that a person set."""
    untitled = await store.run(titles.untitled, response)
    if untitled is None:
        return
    heard, meter = _Heard(), Meter(first_round=settings.tool_rounds + 1)
    shown = f"{untitled.prompt[:WORDS_SHOWN]}\n\n{untitled.answer[:WORDS_SHOWN]}"
    messages = [{"role": "system", "content": INSTRUCTION}, {"role": "user", "content": shown}]
    question = Question(messages, [])
    try:
        with meter.call(client.traits, question, heard):
            await _listen(client, question, heard)
    finally:
        await store.run(usage.add, untitled.owner, untitled.thread, response, meter.unstored)
    words = readable(heard.text).strip().strip('"“”')
    if words:
        await store.run(titles.name, untitled, storable(title_of(words)))


async def _listen(client: ModelClient, question: Question, heard: _Heard) -> None:
    async with asyncio.timeout(SECONDS), aclosing(client.stream(question)) as pieces:
        async for piece in pieces:
            heard.text += piece.text
            heard.characters += len(piece.text)
            if piece.usage is not None:
                heard.counted = (piece.usage.prompt_tokens, piece.usage.completion_tokens)
            if piece.done or heard.characters > ENOUGH_CHARACTERS:
                return
