"""One response from start to end: the model answers, calls tools, gets their results, and answers again."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from chat import db, text
from chat.conf import settings
from chat.exceptions import ModelError, ModelFailed, ModelTimeout
from chat.files.embedder import query_vector
from chat.llm.clients.base import ModelClient, ModelRequest
from chat.llm.provider_fields import encode, model_key
from chat.llm.registry import ModelRegistry
from chat.llm.sse.accumulator import CallTooLarge, ToolCall
from chat.models import PersonRequest, Status, ToolState
from chat.responses import tool_artifacts, tool_rounds
from chat.responses.answer_text import AnswerText, LoggedAnswer
from chat.responses.call_runner import CallRunner
from chat.responses.claims.turns import Job
from chat.responses.lifecycle import Outcome
from chat.responses.model_answer import Deadline, ModelAnswer, read
from chat.responses.tool_models import ToolModels
from chat.responses.tool_rounds import PendingRound, wait_for
from chat.responses.usage.recorder import UsageRecorder
from chat.responses.waiting import NewRequest, Wait
from chat.streams import ToolEvent, Writer
from chat.threads.model_context import SEARCH_TOOL, build_request
from chat.threads.search import files, search
from chat.tools import Tool, ToolContext, within_limit
from chat.tools.called_names import declared_name
from chat.tools.calling import ToolResult

# Seconds that an answer waits in all for files that are still being read: uploads of others may be ahead of them.
UNREAD_SECONDS = 90.0

# The finish reason of an answer that ends with calls of the client's tools, as in OpenAI's protocol.
TOOL_CALLS = "tool_calls"


# Waits until none of these files is still to be read, at most so many seconds.
WaitForFiles = Callable[[list[int], float], Awaitable[None]]


class LeaseLost(Exception):
    """Another process has ended this response; nothing more may be written."""


class Engine:
    """Generates one response.

    `first_request`: the first call's, where the claim has read it; it holds no tools yet.
    """

    __slots__ = (
        "_client",
        "_client_tools",
        "_earlier_seconds",
        "_fallbacks",
        "_first_request",
        "_ids",
        "_job",
        "_models",
        "_offered",
        "_text",
        "_tools",
        "_unread_seconds",
        "_usage_recorder",
        "_wait_for_files",
        "_writer",
    )

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
        *,
        wait_for_files: WaitForFiles,
    ) -> None:
        self._wait_for_files, self._unread_seconds = wait_for_files, UNREAD_SECONDS
        self._writer, self._models, self._usage_recorder = writer, models, usage_recorder
        self._text = AnswerText(writer, self._shows_think_items)
        self._job, self._first_request = job, first_request
        # The ids of all calls so far. Most answers have none, and each empty set takes 0.2 KB.
        self._ids: frozenset[str] = frozenset()
        self._earlier_seconds = job.resumed.row.active_ms / 1000 if job.resumed else 0.0
        # Those whose calls end the response; the calls of others are requests, like those that need an approval.
        self._client_tools = [] if job.awaits_results else job.client_tools
        self._offered: dict[str, Tool] = {}
        self._tools: dict[str, Tool] = {}

    async def respond(self, clients: list[ModelClient], offered: dict[str, Tool]) -> Outcome:
        """Answer the prompt with the first of the models that can, and the tools `offered` to the user.

        Raises ModelError, with the text so far in the log, and LeaseLost.
        """
        self._client, *self._fallbacks = clients
        self._offered = offered
        self._tools = self._supported_tools()
        try:
            with Deadline(settings.response_seconds - self._earlier_seconds):
                return await (self._answer_client() if self._client_tools else self._rounds())
        except TimeoutError:
            self._usage_recorder.set_timed_out()
            raise ModelTimeout(
                f"The model took longer than {settings.response_seconds:g} s in all."
            ) from None

    async def _rounds(self) -> Outcome:
        first = 0
        if self._job.resumed is not None:
            round_ = await db.run_async(tool_rounds.pending, self._writer.response)
            self._ids |= set(round_.ids)
            self._text.keep_written(round_.written)
            if wait := await self._continue_round(round_):
                return Outcome(Status.WAITING, wait=wait)
            first = min(round_.number + 1, settings.tool_rounds)
        for number in range(first, settings.tool_rounds + 1):
            if self._text.full:  # by a tool
                return Outcome(Status.DONE, "length")
            last = number == settings.tool_rounds
            answer = await self._call_model(last)
            calls = [] if last or self._text.full or not self._tools else self._unique(answer.calls.calls())
            if not calls:
                break
            if wait := await self._call_tools(number, answer, calls):
                return Outcome(Status.WAITING, wait=wait)
        return Outcome(Status.DONE, "length" if self._text.full else answer.finish_reason)

    async def _answer_client(self) -> Outcome:
        """Answer a client that makes the calls itself: they are stored, and end the response."""
        answer = await self._call_model(last=False)
        calls = [] if self._text.full else self._unique(answer.calls.calls())
        if not calls:
            return Outcome(Status.DONE, "length" if self._text.full else answer.finish_reason)
        if not await db.atomic_async(
            self._store_round, answer, "".join(answer.parts), self._writer.length, calls, {}
        ):
            raise LeaseLost
        self._usage_recorder.end_round()
        return Outcome(Status.DONE, TOOL_CALLS)

    def _unique(self, calls: list[ToolCall]) -> list[ToolCall]:
        """Return the calls under the names of their tools, with a new id for one that an earlier round had.

        A result must name exactly one call.
        """
        known = self._tools.keys() | {tool["function"]["name"] for tool in self._client_tools}
        calls = [replace(call, name=declared_name(call.name, known)) for call in calls]
        fresh = [
            replace(call, id=f"call_{secrets.token_hex(8)}") if call.id in self._ids else call
            for call in calls
        ]
        self._ids |= {call.id for call in fresh}
        return fresh

    async def _call_model(self, last: bool) -> ModelAnswer:
        """Return the model's next answer; the first fallback that answers replaces the model for good. `last`: no calls."""
        while True:
            request = await self._build_request(may_call=not last)
            may_call = bool(self._tools or self._client_tools)
            answer = LoggedAnswer(self._text, self._writer, self._fallbacks, may_call=may_call)
            try:
                with self._usage_recorder.call(self._client.profile, request, answer):
                    stream = partial(self._client.stream, request)
                    reading = read(stream, answer, answer.take, answer.take_at_once)
                    del request, stream  # the history is not kept while the answer is read
                    try:
                        await reading
                        # Readers get their turn with the last text ahead of the work on its end, which takes 0.4 ms.
                        await asyncio.sleep(0)
                    except CallTooLarge as problem:
                        raise ModelFailed("The model's tool calls are too large.") from problem
                    finally:
                        self._writer.end_thought()
                return answer
            except ModelError:
                # Only the last model's error is reported: the reader can do nothing about those of the others.
                if not self._fallbacks:
                    raise
                self._use_fallback()

    async def _build_request(self, *, may_call: bool) -> ModelRequest:
        request, self._first_request = self._first_request, None
        searchable = SEARCH_TOOL in self._tools
        # None: a later round, another model, or a response that had to wait.
        if request is None or request.unread_files or (request.searches_files and not searchable):
            request = await self._read_history(request, searchable)
        finds_files = request.searches_files or request.other_files
        tools = [tool.schema for tool in self._tools.values() if tool.name != SEARCH_TOOL or finds_files]
        if self._client.profile.tools:
            tools += self._client_tools
        return replace(
            request,
            tools=tools,
            may_call=may_call,
            effort=self._job.effort,
            parameters=self._job.parameters,
            metadata=self._job.metadata,
        )

    async def _read_history(self, earlier: ModelRequest | None, searchable: bool) -> ModelRequest:
        """Return the history, once the files in it are read; one that takes too long is in it without its text."""
        profile = self._client.profile
        budgets = self._models.budget(profile), self._models.file_budget(profile)
        build = partial(build_request, self._writer.response, profile, *budgets, searchable=searchable)
        request = earlier if earlier is not None and earlier.unread_files else await db.run_async(build)
        if not request.unread_files:
            return request
        await self._wait_for_unread(request.unread_files)
        return await db.run_async(build)

    async def _wait_for_unread(self, keys: list[int]) -> None:
        """Wait for files that are still being read, in all rounds together for UNREAD_SECONDS."""
        began = time.monotonic()
        await self._wait_for_files(keys, self._unread_seconds)
        self._unread_seconds -= time.monotonic() - began

    def _use_fallback(self) -> None:
        self._client = self._fallbacks.pop(0)
        self._tools = self._supported_tools()

    def _supported_tools(self) -> dict[str, Tool]:
        """Return the offered tools that the current model supports."""
        names = self._client.profile.takes(self._offered)
        if len(names) == len(self._offered):
            return within_limit(self._offered)
        return within_limit({name: tool for name, tool in self._offered.items() if name in names})

    def _shows_think_items(self) -> bool:
        return self._client.profile.writes_c1 and settings.think_items

    async def _call_tools(self, number: int, answer: ModelAnswer, calls: list[ToolCall]) -> Wait | None:
        """Run the calls of a round; return what they wait for, None where all of them have a result."""
        place = self._writer.length, self._writer.thinking_length
        events = [ToolEvent(self._public_name(call), ToolState.STARTED, call.id, *place) for call in calls]
        if not await db.run_async(self._begin_round, number, events):
            raise LeaseLost
        self._writer.tail.start_tools(events)
        words = self._text.take_written() + "".join(answer.parts)
        results, requests = await self._run_calls(calls, {})
        if not await db.atomic_async(self._store_round, answer, words, place[0], calls, results):
            raise LeaseLost
        self._usage_recorder.end_round()
        return wait_for(requests, number, calls, results, *self._place_behind(*place))

    def _place_behind(self, text_offset: int, thinking_offset: int) -> tuple[int, int]:
        """Return the place of a round's requests: behind the text that its calls have written."""
        return max(text_offset, self._writer.tail.text_end), thinking_offset

    async def _continue_round(self, round_: PendingRound) -> Wait | None:
        """Run the calls of a round that have no result yet, with what a person answered since."""
        results, requests = await self._run_calls(round_.unanswered, round_.answers)
        if not await db.atomic_async(self._add_results, round_.text_offset, results):
            raise LeaseLost
        place = round_.text_offset, round_.thinking_offset
        known = {**round_.results, **results}
        return wait_for(requests, round_.number, round_.calls, known, *self._place_behind(*place))

    async def _run_calls(
        self, calls: Sequence[ToolCall], answers: Mapping[str, Sequence[PersonRequest]]
    ) -> tuple[dict[str, ToolResult], list[NewRequest]]:
        reports = self._report_tool_state, self._report_progress
        return await CallRunner(self._tools, self._context(), *reports, self._text.bind).run(calls, answers)

    def _context(self) -> ToolContext:
        """Return the context of the tools. Most answers call none, and it takes 2 KB and 70 calls of Python."""
        job = self._job
        return replace(
            _tool_context(job, self._models),
            model=ToolModels(self._models, self._usage_recorder, job.model, job.rights.models).ask,
            artifact=partial(tool_artifacts.find, job.thread, self._text.written),
            artifacts=partial(tool_artifacts.newest, job.thread),
        )

    def _begin_round(self, number: int, events: list[ToolEvent]) -> bool:
        first = len(self._ids) - len(events)
        response, epoch = self._writer.response, self._writer.epoch
        return tool_rounds.begin_round(response, self._job.owner, epoch, first, number, events)

    def _store_round(
        self,
        answer: ModelAnswer,
        words: str,
        text_offset: int,
        calls: list[ToolCall],
        results: Mapping[str, ToolResult],
    ) -> bool:
        self._usage_recorder.store_texts()
        response, epoch, spent = self._writer.response, self._writer.epoch, self._usage_recorder.unstored
        stored = encode(model_key(self._client.profile), answer.calls.fields(), calls)
        return tool_rounds.add_round(
            response, epoch, words, text_offset, calls, results, spent, stored, self._writer.tail.tool_ends
        )

    def _add_results(self, text_offset: int, results: Mapping[str, ToolResult]) -> bool:
        ends = self._writer.tail.tool_ends
        return tool_rounds.add_results(self._writer.response, self._writer.epoch, text_offset, results, ends)

    def _public_name(self, call: ToolCall) -> str:
        """Return the tool's name; readers never get one that a model made up, which may hold any text."""
        return call.name if call.name in self._tools else "unknown"

    def _report_tool_state(self, call: ToolCall, state: str) -> None:
        if state == ToolState.STARTED:
            name = self._public_name(call).replace("_", " ")
            self._text.append_think_item(text.think_item("Using a tool", name).encode())
        else:
            self._writer.tail.end_tool(call.id, state)

    def _report_progress(self, call: ToolCall, fraction: float | None, message: str) -> None:
        self._writer.tail.report_progress(call.id, fraction, message)


def _tool_context(job: Job, models: ModelRegistry) -> ToolContext:
    async def search_own(words: str) -> list[dict[str, str]]:
        return await db.atomic_async(search.search_words, job.owner, words)

    async def search_files(words: str, name: str) -> list[dict[str, str]]:
        vector = await query_vector(models, words)
        return await db.atomic_async(files.search_files, job.owner, job.thread, words, name, vector)

    return ToolContext(job.owner, job.thread, search_own, search_files)
