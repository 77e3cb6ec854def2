"""One response, start to end: the model answers, calls tools, gets their results, and answers again."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from chat import db, text
from chat.conf import settings
from chat.exceptions import ModelError, ModelFailed, ModelTimeout
from chat.llm.clients.base import ModelClient, ModelProfile, ModelRequest
from chat.llm.sse import StreamUpdate
from chat.llm.sse.accumulator import CallAccumulator, CallTooLarge, ToolCall
from chat.llm.token_estimator import token_estimator
from chat.models import Status
from chat.responses import tool_rounds
from chat.responses.lifecycle import Outcome
from chat.responses.tool_rounds import ToolRound
from chat.responses.usage.recorder import UsageRecorder
from chat.responses.usage.upstream_calls import ResponseUsage
from chat.streams import Writer
from chat.text import utf8_floor
from chat.threads.model_context import ContextLimits, ModelContext, build_context
from chat.tools import Tool, ToolContext, offered, run_all

BUDGET_TOKENS = (
    100_000  # of a history: within the 128,000 of the models in use, and a bound on the cost of a long thread
)
RESCHEDULE_PARTS = (
    20  # the silence is measured to a twentieth: moving a timer at every read costs as much as decoding it
)

ToolEventCallback = Callable[[str, str], None]


class LeaseLost(Exception):
    """Another process has ended this response; nothing more may be written."""


@dataclass(slots=True)
class ModelAnswer:
    """What one call of the model gave: its own text, in parts, and its tool calls. The rest is as in `Heard`."""

    parts: list[str] = field(default_factory=list)
    calls: CallAccumulator = field(default_factory=CallAccumulator)
    finish_reason: str | None = None
    token_counts: tuple[int, int] | None = None
    first_token: float | None = None
    characters: int = 0
    full: bool = False


def context_limits(profile: ModelProfile) -> ContextLimits:
    """How a model is told a history."""
    budget = token_estimator.characters(profile.name, profile.budget_tokens or BUDGET_TOKENS)
    return ContextLimits(profile.system, budget, profile.images)


class Engine:
    """Gives one response. `tools` are those that the user may have called; `hint` tells readers of them. `prepared`: what it
    begins with, where that was read already.
    """

    _client: ModelClient
    _fallbacks: list[ModelClient]  # none any more once there was a first byte

    def __init__(
        self,
        writer: Writer,
        tools: dict[str, Tool],
        context: ToolContext,
        hint: ToolEventCallback,
        model_context: ModelContext | None = None,
    ) -> None:
        self._writer, self._chosen, self._context, self._hint = writer, tools, context, hint
        self._model_context = model_context
        self._tools: dict[str, Tool] = {}
        self._usage_recorder = UsageRecorder()
        self._ids: set[str] = set()

    async def respond(self, clients: Callable[[], Awaitable[list[ModelClient]]]) -> Outcome:
        """Answer the prompt with the first of the models that can. Raises ModelTrouble, whose text so far is in the log,
        and LeaseLost.
        """
        self._fallbacks = await clients()
        self._chosen = await offered(self._chosen, self._context.user)
        self._use_fallback()
        try:
            async with asyncio.timeout(settings.response_seconds):
                return await self._rounds()
        except TimeoutError:
            self._usage_recorder.timed_out()
            raise ModelTimeout(
                f"The model took longer than {settings.response_seconds:g} s in all."
            ) from None

    @property
    def usage(self) -> ResponseUsage | None:
        """What all calls so far took."""
        return self._usage_recorder.usage

    async def _rounds(self) -> Outcome:
        for number in range(settings.tool_rounds + 1):
            last = number == settings.tool_rounds
            answer = await self._call_model(last)
            calls = [] if last or answer.full or not self._tools else self._unique(answer.calls.calls())
            if not calls:
                break
            await self._call_tools(answer, calls)
        return Outcome(Status.DONE, "length" if answer.full else answer.finish_reason, usage=self.usage)

    def _unique(self, calls: list[ToolCall]) -> list[ToolCall]:
        """The calls, with a new id for one that an earlier round had: a result must name exactly one call."""
        fresh = [
            replace(call, id=f"call_{secrets.token_hex(8)}") if call.id in self._ids else call
            for call in calls
        ]
        self._ids.update(call.id for call in fresh)
        return fresh

    async def _call_model(self, last: bool) -> ModelAnswer:
        """What the model says next; the first fallback that says anything takes its place for good. `last`: no tools."""
        while True:
            try:
                return await self._attempt_call(await self._build_request({} if last else self._tools))
            except ModelError:
                # Nobody is told of those before: the error of the last one is what can still be done something about.
                if not self._fallbacks:
                    raise
                self._use_fallback()

    async def _build_request(self, tools: dict[str, Tool]) -> ModelRequest:
        terms = context_limits(self._client.profile)
        model_context, self._model_context = self._model_context, None
        if model_context is None or model_context.terms != terms:  # a later round, or another model
            model_context = await db.run_async(build_context, self._writer.response, terms)
        return ModelRequest(
            model_context.messages, [tool.schema for tool in tools.values()], model_context.provenance
        )

    def _use_fallback(self) -> None:
        """Let the next model answer."""
        self._client = self._fallbacks.pop(0)
        takes = self._client.profile.takes(self._chosen)
        self._tools = {name: tool for name, tool in self._chosen.items() if name in takes}

    async def _attempt_call(self, request: ModelRequest) -> ModelAnswer:
        answer = ModelAnswer()
        with self._usage_recorder.call(self._client.profile, request, answer):
            pieces = self._client.stream(request)
            del request  # a long history is not kept for as long as its answer takes
            await self._read(pieces, answer)
        return answer

    async def _read(self, stream: AsyncGenerator[StreamUpdate], answer: ModelAnswer) -> None:
        clock = Deadlines()
        try:
            async with clock, aclosing(stream) as pieces:
                async for piece in pieces:
                    clock.byte(bool(piece.text or piece.calls))
                    self._process_update(piece, answer)
                    if answer.full or piece.done:
                        return
                    if self._writer.full:
                        await self._writer.wait_for_room()
        except TimeoutError:
            if answer.finish_reason is None:
                raise clock.error() from None
        except CallTooLarge as problem:
            raise ModelFailed("The model's tool calls are too large.") from problem

    def _process_update(self, piece: StreamUpdate, answer: ModelAnswer) -> None:
        if self._fallbacks and (piece.text or piece.calls):
            self._fallbacks.clear()
        if answer.first_token is None and (piece.text or piece.calls):
            answer.first_token = time.monotonic()
        if piece.text:
            self._write(piece.text, answer)
        if piece.calls:
            answer.calls.feed(piece.calls)
        answer.finish_reason = piece.finish_reason or answer.finish_reason
        if piece.usage is not None:
            answer.token_counts = (piece.usage.prompt_tokens, piece.usage.completion_tokens)

    def _write(self, words: str, answer: ModelAnswer) -> None:
        answer.characters += len(words)
        if self._tools:
            answer.parts.append(words)
        data, room = words.encode(), settings.text_bytes - self._writer.length
        if len(data) > room:
            data, answer.full = data[: utf8_floor(data, room)], True
        if data:
            self._writer.append(data)

    async def _call_tools(self, answer: ModelAnswer, calls: list[ToolCall]) -> None:
        offset = self._writer.length
        called = await run_all(calls, self._tools, self._context, self._report_tool_state)
        done = ToolRound("".join(answer.parts), offset, calls, [one.result for one in called])
        spent = self._usage_recorder.unstored
        if not await db.atomic_async(
            tool_rounds.add_round, self._writer.response, self._writer.epoch, done, spent
        ):
            raise LeaseLost
        self._usage_recorder.round_stored()

    def _report_tool_state(self, name: str, state: str) -> None:
        if state == "started" and self._client.profile.writes_c1 and settings.think_items:
            item = text.think_item("Using a tool", name.replace("_", " ")).encode()
            if self._writer.length + len(item) <= settings.text_bytes:
                self._writer.append_ephemeral(item)
        self._hint(name, state)


class Deadlines:
    """The model's: for its first text or tool call, and then for each silence."""

    def __init__(self) -> None:
        self._started = False
        self._moved = time.monotonic()
        self._step = settings.silence_seconds / RESCHEDULE_PARTS
        self._timeout = asyncio.timeout(settings.first_token_seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, *problem: object) -> None:
        await self._timeout.__aexit__(*problem)  # type: ignore[arg-type]

    def byte(self, visible: bool) -> None:
        """Something came; `visible` if it was text or a tool call."""
        first = visible and not self._started
        self._started = self._started or visible
        now = time.monotonic()
        if first or (self._started and now - self._moved > self._step):
            self._moved = now
            self._timeout.reschedule(asyncio.get_running_loop().time() + settings.silence_seconds)

    def error(self) -> ModelTimeout:
        if self._started:
            return ModelTimeout(f"The model fell silent for {settings.silence_seconds:g} s. Try again.")
        return ModelTimeout(f"The model said nothing within {settings.first_token_seconds:g} s. Try again.")
