"""The answer of one call of a model, while it is read: its parts, and the deadlines of the reading."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import partial

from chat.conf import settings
from chat.exceptions import ModelTimeout
from chat.llm.sse import AtOnce, StreamUpdate, TokenCounts
from chat.llm.sse.accumulator import CallAccumulator

# The silence is measured to a twentieth: moving a timer at every read costs as much as decoding it.
RESCHEDULE_PARTS = 20


@dataclass(slots=True)
class ModelAnswer:
    """The result of one call of the model: its text, in parts, and its tool calls; the rest as in `CallStats`.

    `full`: nothing more of it is read.
    """

    parts: list[str] = field(default_factory=list)
    calls: CallAccumulator = field(default_factory=CallAccumulator)
    finish_reason: str | None = None
    token_counts: TokenCounts | None = None
    first_token: float | None = None
    characters: int = 0
    full: bool = False

    def count(self, update: StreamUpdate) -> None:
        """Note what a read brought for the record of the call, beside calls of tools."""
        if update.text and self.first_token is None:
            self.first_token = time.monotonic()
        self.characters += len(update.text) + sum(len(words) for _, words in update.thinking)
        self.finish_reason = update.finish_reason or self.finish_reason
        self.token_counts = update.usage or self.token_counts


async def read(
    open_stream: Callable[[AtOnce | None], AsyncGenerator[StreamUpdate]],
    answer: ModelAnswer,
    take: Callable[[StreamUpdate], Awaitable[None] | None],
    take_at_once: AtOnce | None = None,
) -> None:
    """Read an answer until its end, or until it is full. `take` gets each update, and what it returns is awaited.

    `take_at_once` may take an update before, which neither fills the answer nor has to wait. Raise ModelError.
    """
    deadlines = Deadlines()
    stream = open_stream(partial(_at_once, deadlines, take_at_once) if take_at_once else None)
    del open_stream  # it may hold the request
    try:
        async with deadlines, aclosing(stream) as updates:
            async for update in updates:
                deadlines.on_update(update)
                if (taking := take(update)) is not None:
                    await taking
                if answer.full or update.done:
                    return
    except TimeoutError:
        if answer.finish_reason is None:
            raise deadlines.error() from None


def _at_once(deadlines: Deadlines, take: AtOnce, update: StreamUpdate) -> bool:
    if update.done:
        return False
    deadlines.on_update(update)
    return take(update)


class Deadlines:
    """Deadlines of a call: for its first sign of life, for each silence after it, and for its thought in all."""

    __slots__ = (
        "_moved",
        "_started",
        "_step",
        "_thinking_since",
        "_thought",
        "_thought_ends",
        "_timeout",
    )

    def __init__(self) -> None:
        self._started = False
        self._moved = time.monotonic()
        self._step = settings.silence_seconds / RESCHEDULE_PARTS
        self._timeout = asyncio.timeout(settings.first_token_seconds)
        # Since when the thought goes on, when it must end (monotonic), and the seconds of its earlier stretches.
        self._thinking_since: float | None = None
        self._thought_ends = math.inf
        self._thought = 0.0

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, *problem: object) -> None:
        await self._timeout.__aexit__(*problem)  # type: ignore[arg-type]

    def on_update(self, update: StreamUpdate) -> None:
        """Move the deadline after a read. Raise ModelTimeout beyond the time for thought."""
        visible = bool(update.text or update.calls)
        # Fields that a provider wants back are thought without words, such as encrypted one.
        thinking = bool(update.thinking or update.fields)
        alive = visible or thinking
        first = alive and not self._started
        self._started = self._started or alive
        now = time.monotonic()
        if now > self._thought_ends:
            raise ModelTimeout(
                f"The model thought for longer than {settings.thinking_seconds:g} s. Try again."
            )
        if (thinking and not visible) is (self._thinking_since is None):
            self._turn_thought(now)
        if first or (self._started and now - self._moved > self._step):
            self._moved = now
            self._timeout.reschedule(asyncio.get_running_loop().time() + settings.silence_seconds)

    def _turn_thought(self, now: float) -> None:
        """Begin or end a stretch of thought."""
        if self._thinking_since is None:
            self._thinking_since, self._thought_ends = now, now + settings.thinking_seconds - self._thought
        else:
            self._thought += now - self._thinking_since
            self._thinking_since, self._thought_ends = None, math.inf

    def error(self) -> ModelTimeout:
        if self._started:
            return ModelTimeout(f"The model fell silent for {settings.silence_seconds:g} s. Try again.")
        return ModelTimeout(f"The model said nothing within {settings.first_token_seconds:g} s. Try again.")
