"""The answer of one call of a model, while it is read: its parts, and the deadlines of the reading."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from chat.conf import settings
from chat.exceptions import ModelTimeout
from chat.llm.sse import AtOnce, StreamUpdate, TokenCounts
from chat.llm.sse.accumulator import CallAccumulator
from chat.process import process

# Seconds between two looks. A timer for each deadline takes 0.6 KB of every open answer, and 20 calls of Python for a prompt.
TICK_SECONDS = 0.1


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
    deadlines = Deadlines(take_at_once)
    stream = open_stream(deadlines.take_at_once if take_at_once else None)
    del open_stream, take_at_once  # the one may hold the request
    try:
        with deadlines:
            try:
                async for update in stream:
                    deadlines.on_update(update)
                    if (taking := take(update)) is not None:
                        await taking
                    if answer.full or update.done:
                        return
            finally:
                await stream.aclose()
    except TimeoutError:
        if answer.finish_reason is None:
            raise deadlines.error() from None


class Deadline:
    """A time, in seconds from now, at which the block of this is cancelled: it raises TimeoutError, as `asyncio.timeout` does.

    `at`: that time on the monotonic clock, which may be moved. The block ends up to TICK_SECONDS later.
    """

    __slots__ = ("_cancelling", "_expired", "_task", "at")

    def __init__(self, seconds: float) -> None:
        self.at = time.monotonic() + seconds
        self._task: asyncio.Task[object] | None = None
        self._expired = False

    def __enter__(self) -> Self:
        self._task = task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a deadline needs a task")
        self._cancelling = task.cancelling()
        process.part(DeadlineTimer).add(self, task.get_loop())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, place: TracebackType | None
    ) -> None:
        process.part(DeadlineTimer).remove(self)
        task, self._task = self._task, None
        if not self._expired or task is None:
            return
        # Another cancellation, such as that of a stop, is passed on.
        if task.uncancel() <= self._cancelling and isinstance(problem, asyncio.CancelledError):
            raise TimeoutError from problem

    def expire(self) -> None:
        self._expired = True
        if self._task is not None:
            self._task.cancel()


class DeadlineTimer:
    """The open deadlines of this process, which belong to one event loop at a time."""

    def __init__(self) -> None:
        self._open: set[Deadline] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ticks = False

    def add(self, deadline: Deadline, loop: asyncio.AbstractEventLoop) -> None:
        if loop is not self._loop:
            self._open, self._loop, self._ticks = set(), loop, False
        self._open.add(deadline)
        if not self._ticks:
            self._ticks = True
            loop.call_later(TICK_SECONDS, self._look, loop)

    def remove(self, deadline: Deadline) -> None:
        self._open.discard(deadline)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop is not self._loop:
            return
        now = time.monotonic()
        for deadline in [deadline for deadline in self._open if deadline.at <= now]:
            self.remove(deadline)
            deadline.expire()
        self._ticks = bool(self._open)
        if self._ticks:
            loop.call_later(TICK_SECONDS, self._look, loop)


class Deadlines(Deadline):
    """The deadline of a call: for its first sign of life, for each silence after it, and for its thought in all.

    `take`: what takes updates in the turn that brings them.
    """

    __slots__ = ("_started", "_take", "_thinking_since", "_thought", "_thought_ends")

    def __init__(self, take: AtOnce | None = None) -> None:
        super().__init__(settings.first_token_seconds)
        self._take = take
        self._started = False
        # Since when the thought goes on, when it must end (monotonic), and the seconds of its earlier stretches.
        self._thinking_since: float | None = None
        self._thought_ends = math.inf
        self._thought = 0.0

    def take_at_once(self, update: StreamUpdate) -> bool:
        """Take an update that is not the last, and move the deadline."""
        if update.done or self._take is None:
            return False
        self.on_update(update)
        return self._take(update)

    def on_update(self, update: StreamUpdate) -> None:
        """Move the deadline after a read. Raise ModelTimeout beyond the time for thought."""
        visible = bool(update.text or update.calls)
        # Fields that a provider wants back are thought without words, such as encrypted one.
        thinking = bool(update.thinking or update.fields)
        self._started = self._started or visible or thinking
        now = time.monotonic()
        if now > self._thought_ends:
            raise ModelTimeout(
                f"The model thought for longer than {settings.thinking_seconds:g} s. Try again."
            )
        if (thinking and not visible) is (self._thinking_since is None):
            self._turn_thought(now)
        if self._started:
            self.at = now + settings.silence_seconds

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
