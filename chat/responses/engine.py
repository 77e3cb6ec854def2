"""One response from start to end: the model answers, calls tools, gets their results, and answers again."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, replace

from chat import db, text
from chat.conf import settings
from chat.exceptions import ModelError, ModelFailed, ModelTimeout
from chat.llm.clients.base import ModelClient, ModelRequest
from chat.llm.provider_fields import encode, model_key
from chat.llm.registry import ModelRegistry
from chat.llm.sse import StreamUpdate, TokenCounts
from chat.llm.sse.accumulator import CallAccumulator, CallTooLarge, ToolCall
from chat.models import Status, ToolState
from chat.responses import tool_rounds
from chat.responses.claims.turns import Job
from chat.responses.lifecycle import Outcome
from chat.responses.usage.recorder import UsageRecorder
from chat.streams import ToolEvent, Writer
from chat.text import utf8_floor
from chat.threads.model_context import build_request
from chat.threads.search import search
from chat.tools import Tool, ToolContext, run_all, within_limit
from chat.tools.calling import ToolResult

# The silence is measured to a twentieth: moving a timer at every read costs as much as decoding it.
RESCHEDULE_PARTS = 20

# The think item of ours that C1's readers see while a model thinks.
THINKING = text.think_item("Thinking", "The model is thinking.").encode()


class LeaseLost(Exception):
    """Another process has ended this response; nothing more may be written."""


@dataclass(slots=True)
class ModelAnswer:
    """The result of one call of the model: its text, in parts, and its tool calls; the rest as in `CallStats`.

    `full`: the response has reached its largest size.
    """

    parts: list[str] = field(default_factory=list)
    calls: CallAccumulator = field(default_factory=CallAccumulator)
    finish_reason: str | None = None
    token_counts: TokenCounts | None = None
    first_token: float | None = None
    characters: int = 0
    full: bool = False


class Engine:
    """Generates one response.

    `first_request`: the first call's, where the claim has read it; it holds no tools yet.
    """

    _client: ModelClient
    # The models that answer in place of `_client`; none are left once it has sent text or a tool call.
    _fallbacks: list[ModelClient]

    def __init__(
        self,
        writer: Writer,
        models: ModelRegistry,
        usage_recorder: UsageRecorder,
        job: Job,
        first_request: ModelRequest | None = None,
    ) -> None:
        self._writer, self._models, self._usage_recorder = writer, models, usage_recorder
        self._context = _tool_context(job)
        self._first_request, self._effort, self._parameters = first_request, job.effort, job.parameters
        self._offered: dict[str, Tool] = {}
        self._tools: dict[str, Tool] = {}
        self._ids: set[str] = set()

    async def respond(self, clients: list[ModelClient], offered: dict[str, Tool]) -> Outcome:
        """Answer the prompt with the first of the models that can, and the tools `offered` to the user.

        Raises ModelError, with the text so far in the log, and LeaseLost.
        """
        self._client, *self._fallbacks = clients
        self._offered = offered
        self._tools = self._supported_tools()
        try:
            async with asyncio.timeout(settings.response_seconds):
                return await self._rounds()
        except TimeoutError:
            self._usage_recorder.set_timed_out()
            raise ModelTimeout(
                f"The model took longer than {settings.response_seconds:g} s in all."
            ) from None

    async def _rounds(self) -> Outcome:
        for number in range(settings.tool_rounds + 1):
            last = number == settings.tool_rounds
            answer = await self._call_model(last)
            calls = [] if last or answer.full or not self._tools else self._unique(answer.calls.calls())
            if not calls:
                break
            await self._call_tools(number, answer, calls)
        return Outcome(Status.DONE, "length" if answer.full else answer.finish_reason)

    def _unique(self, calls: list[ToolCall]) -> list[ToolCall]:
        """Return the calls, with a new id for one that an earlier round had: a result must name exactly one call."""
        fresh = [
            replace(call, id=f"call_{secrets.token_hex(8)}") if call.id in self._ids else call
            for call in calls
        ]
        self._ids.update(call.id for call in fresh)
        return fresh

    async def _call_model(self, last: bool) -> ModelAnswer:
        """Return the model's next answer; the first fallback that answers replaces the model for good. `last`: no calls."""
        while True:
            try:
                return await self._attempt_call(await self._build_request(may_call=not last))
            except ModelError:
                # Only the last model's error is reported: the reader can do nothing about those of the others.
                if not self._fallbacks:
                    raise
                self._use_fallback()

    async def _build_request(self, *, may_call: bool) -> ModelRequest:
        request, self._first_request = self._first_request, None
        if request is None:  # a later round, another model, or a response that had to wait
            profile = self._client.profile
            budget = self._models.budget(profile)
            request = await db.run_async(build_request, self._writer.response, profile, budget)
        tools = [tool.schema for tool in self._tools.values()]
        return replace(
            request, tools=tools, may_call=may_call, effort=self._effort, parameters=self._parameters
        )

    def _use_fallback(self) -> None:
        self._client = self._fallbacks.pop(0)
        self._tools = self._supported_tools()

    def _supported_tools(self) -> dict[str, Tool]:
        """Return the offered tools that the current model supports."""
        names = self._client.profile.takes(self._offered)
        return within_limit({name: tool for name, tool in self._offered.items() if name in names})

    async def _attempt_call(self, request: ModelRequest) -> ModelAnswer:
        answer = ModelAnswer()
        with self._usage_recorder.call(self._client.profile, request, answer):
            stream = self._client.stream(request)
            del request  # the history is not kept while the answer is read
            await self._read(stream, answer)
        return answer

    async def _read(self, stream: AsyncGenerator[StreamUpdate], answer: ModelAnswer) -> None:
        deadlines = Deadlines()
        try:
            async with deadlines, aclosing(stream) as updates:
                async for update in updates:
                    deadlines.on_read(bool(update.text or update.calls), bool(update.thinking))
                    self._process_update(update, answer)
                    if answer.full or update.done:
                        return
                    if self._writer.full:
                        await self._writer.wait_for_room()
        except TimeoutError:
            if answer.finish_reason is None:
                raise deadlines.error() from None
        except CallTooLarge as problem:
            raise ModelFailed("The model's tool calls are too large.") from problem
        finally:
            self._writer.end_thought()

    def _process_update(self, update: StreamUpdate, answer: ModelAnswer) -> None:
        begin = 0
        for place, thought in update.thinking:
            if place > begin:
                self._say(update.text[begin:place], answer)
            self._think(thought, answer)
            begin = place
        if words := update.text[begin:] if begin else update.text:
            self._say(words, answer)
        if update.calls:
            self._note_visible(answer)
        if update.calls or (update.fields and self._tools):  # without tools no fields are wanted back
            answer.calls.feed(update.calls, update.fields)
        answer.finish_reason = update.finish_reason or answer.finish_reason
        if update.usage is not None:
            answer.token_counts = update.usage

    def _say(self, words: str, answer: ModelAnswer) -> None:
        self._note_visible(answer)
        self._write(words, answer)

    def _note_visible(self, answer: ModelAnswer) -> None:
        """Note that text or a call has come: it ends a stretch of thought, and no other model is asked any more."""
        if self._fallbacks:
            self._fallbacks.clear()
        if answer.first_token is None:
            answer.first_token = time.monotonic()
        self._writer.end_thought()

    def _think(self, words: str, answer: ModelAnswer) -> None:
        """Append thought up to the largest stored size, and for C1's readers a think item ahead of each stretch."""
        answer.characters += len(words)
        if not self._writer.thinking:
            self._append_think_item(THINKING)
            self._writer.begin_thought()
        data, room = words.encode(), settings.thinking_bytes - self._writer.thinking_length
        if len(data) > room:
            data = data[: utf8_floor(data, room)]
        if data:
            self._writer.append_thought(data)

    def _append_think_item(self, item: bytes) -> None:
        shown = self._client.profile.writes_c1 and settings.think_items
        if shown and self._writer.length + len(item) <= settings.text_bytes:
            self._writer.append_ephemeral(item)

    def _write(self, words: str, answer: ModelAnswer) -> None:
        answer.characters += len(words)
        if self._tools:
            answer.parts.append(words)
        data, room = words.encode(), settings.text_bytes - self._writer.length
        if len(data) > room:
            data, answer.full = data[: utf8_floor(data, room)], True
        if data:
            self._writer.append(data)

    async def _call_tools(self, number: int, answer: ModelAnswer, calls: list[ToolCall]) -> None:
        offset, thinking = self._writer.length, self._writer.thinking_length
        events = [
            ToolEvent(self._public_name(call), ToolState.STARTED, call.id, offset, thinking) for call in calls
        ]
        if not await db.run_async(self._begin_round, number, events):
            raise LeaseLost
        self._writer.tail.start_tools(events)
        results = await run_all(calls, self._tools, self._context, self._report_tool_state)
        if not await db.atomic_async(self._store_round, answer, offset, calls, results):
            raise LeaseLost
        self._usage_recorder.end_round()

    def _begin_round(self, number: int, events: list[ToolEvent]) -> bool:
        first = len(self._ids) - len(events)
        return tool_rounds.begin_round(self._writer.response, self._writer.epoch, first, number, events)

    def _store_round(
        self, answer: ModelAnswer, offset: int, calls: list[ToolCall], results: list[ToolResult]
    ) -> bool:
        self._usage_recorder.store_texts()
        response, epoch, spent = self._writer.response, self._writer.epoch, self._usage_recorder.unstored
        words, fields = "".join(answer.parts), answer.calls.fields()
        stored = encode(model_key(self._client.profile), fields, calls)
        return tool_rounds.add_round(response, epoch, words, offset, calls, results, spent, stored)

    def _public_name(self, call: ToolCall) -> str:
        """Return the tool's name; readers never get one that a model made up, which may hold any text."""
        return call.name if call.name in self._tools else "unknown"

    def _report_tool_state(self, call: ToolCall, state: str) -> None:
        if state == ToolState.STARTED:
            name = self._public_name(call).replace("_", " ")
            self._append_think_item(text.think_item("Using a tool", name).encode())
        else:
            self._writer.tail.end_tool(call.id, state)


def _tool_context(job: Job) -> ToolContext:
    async def search_own(words: str) -> list[dict[str, str]]:
        return await db.atomic_async(search.search_words, job.owner, words)

    return ToolContext(job.owner, job.thread, search_own)


class Deadlines:
    """Deadlines of a call: for its first sign of life, for each silence after it, and for its thought in all."""

    def __init__(self) -> None:
        self._started = False
        self._moved = time.monotonic()
        self._step = settings.silence_seconds / RESCHEDULE_PARTS
        self._timeout = asyncio.timeout(settings.first_token_seconds)
        self._thinking_since: float | None = None
        self._thought = 0.0

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, *problem: object) -> None:
        await self._timeout.__aexit__(*problem)  # type: ignore[arg-type]

    def on_read(self, visible: bool, thinking: bool) -> None:
        """Move the deadline after a read that may have brought text or calls (`visible`), or thought.

        Raise ModelTimeout beyond the time for thought.
        """
        alive = visible or thinking
        first = alive and not self._started
        self._started = self._started or alive
        now = time.monotonic()
        if thinking or self._thinking_since is not None:
            self._check_thought(now, thinking and not visible)
        if first or (self._started and now - self._moved > self._step):
            self._moved = now
            self._timeout.reschedule(asyncio.get_running_loop().time() + settings.silence_seconds)

    def _check_thought(self, now: float, goes_on: bool) -> None:
        if self._thinking_since is None:
            self._thinking_since = now
        if self._thought + now - self._thinking_since > settings.thinking_seconds:
            raise ModelTimeout(
                f"The model thought for longer than {settings.thinking_seconds:g} s. Try again."
            )
        if not goes_on:
            self._thought, self._thinking_since = self._thought + now - self._thinking_since, None

    def error(self) -> ModelTimeout:
        if self._started:
            return ModelTimeout(f"The model fell silent for {settings.silence_seconds:g} s. Try again.")
        return ModelTimeout(f"The model said nothing within {settings.first_token_seconds:g} s. Try again.")
