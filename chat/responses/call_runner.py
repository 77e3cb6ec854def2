"""The calls of one round: those that may run, run at once; for the others a person is asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import msgspec

from chat import db
from chat.llm.sse.accumulator import ToolCall
from chat.models import PersonRequest, RequestKind, RequestOutcome, ToolState
from chat.responses import tool_files
from chat.responses.waiting import NewRequest, allowed_tools
from chat.tools import Tool, ToolContext, run_all
from chat.tools.calling import Question, Report, ToolResult, failed
from chat.tools.context import PersonAnswer

# Takes a call, its progress as a fraction of 1 where it is known, and a few words.
ReportProgress = Callable[[ToolCall, float | None, str], None]
# The requests of one call, in their order.
Answers = Mapping[str, Sequence[PersonRequest]]

_REFUSALS = {
    RequestOutcome.REJECTED: "The user rejected this call.",
    RequestOutcome.EXPIRED: "The user did not answer in time, so this call did not run.",
}


@dataclass(frozen=True, slots=True)
class CallRunner:
    """Runs calls with `tools` in a context, and reports their states and their progress. `bind` gives a call its output."""

    tools: Mapping[str, Tool]
    context: ToolContext
    report: Report
    report_progress: ReportProgress
    bind: Callable[[ToolContext, bool], ToolContext]

    async def run(
        self, calls: Sequence[ToolCall], answers: Answers
    ) -> tuple[dict[str, ToolResult], list[NewRequest]]:
        """Return the results of the calls that have one, by their ids, and the requests of the others.

        `answers`: the requests that were made for the calls before.
        """
        results: dict[str, ToolResult] = {}
        requests: list[NewRequest] = []
        ready: list[ToolCall] = []
        asking = await self._asking_tools(calls)
        for call in calls:
            approval = _approval(answers.get(call.id, ()))
            if call.name in self.tools and self.tools[call.name].by_client:
                result = self._result_of_client(call, answers.get(call.id, ()))
                if result is None:
                    requests.append(
                        NewRequest(RequestKind.CLIENT, call.name, call.id, _object(call.arguments))
                    )
                else:
                    results[call.id] = result
            elif approval is not None and approval.outcome in _REFUSALS:
                results[call.id] = self._refused(call, _refusal(approval))
            elif approval is None and call.name in asking:
                requests.append(self._approval_request(call))
            else:
                ready.append(call if approval is None else _edited(call, approval))
        for call, outcome in zip(ready, await self._run(ready, answers), strict=True):
            if isinstance(outcome, ToolResult):
                results[call.id] = outcome
            else:
                schema, message = outcome.schema, outcome.message
                requests.append(NewRequest(RequestKind.ASK, call.name, call.id, None, schema, message))
        return results, requests

    async def _run(self, calls: Sequence[ToolCall], answers: Answers) -> list[ToolResult | Question]:
        pictures: dict[str, list[int]] = {call.id: [] for call in calls}
        files: dict[str, list[int]] = {call.id: [] for call in calls}

        def context_of(call: ToolCall) -> ToolContext:
            own = replace(
                self.context,
                cancelled=threading.Event(),
                answers=_contents(answers.get(call.id, ())),
                keep_picture=partial(tool_files.keep_picture, self.context.user, pictures[call.id]),
                report_progress=partial(self.report_progress, call),
                attach=partial(tool_files.attach, self.context.user, files[call.id]),
            )
            return self.bind(own, call.name in self.tools and self.tools[call.name].alone)

        found = await run_all(calls, self.tools, context_of, self.report)
        return [
            msgspec.structs.replace(one, pictures=tuple(pictures[call.id]), files=tuple(files[call.id]))
            if isinstance(one, ToolResult)
            else one
            for call, one in zip(calls, found, strict=True)
        ]

    async def _asking_tools(self, calls: Sequence[ToolCall]) -> set[str]:
        """Return the tools of the calls for which the user or staff are asked."""
        called = [self.tools[call.name] for call in calls if call.name in self.tools]
        names = {tool.name for tool in called if tool.approval and not tool.by_staff}
        allowed = await db.atomic_async(allowed_tools, self.context.thread, names) if names else set()
        return {tool.name for tool in called if tool.approval} - allowed

    def _approval_request(self, call: ToolCall) -> NewRequest:
        tool = self.tools[call.name]
        return NewRequest(
            RequestKind.APPROVE,
            call.name,
            call.id,
            _object(call.arguments),
            editable=tool.editable and not tool.by_staff,
            by_staff=tool.by_staff,
        )

    def _result_of_client(self, call: ToolCall, requests: Sequence[PersonRequest]) -> ToolResult | None:
        """Return the result that the client gave; None before the client was asked."""
        if not requests:
            self.report(call, ToolState.STARTED)
            return None
        answered = requests[0]
        if answered.outcome in _REFUSALS:
            return self._refused(call, _REFUSALS[RequestOutcome(answered.outcome)])
        self.report(call, ToolState.DONE)
        given = msgspec.json.decode(answered.answer or '""')
        return ToolResult(given if isinstance(given, str) else answered.answer or "")

    def _refused(self, call: ToolCall, reason: str) -> ToolResult:
        self.report(call, ToolState.FAILED)
        return failed(reason)


def _refusal(request: PersonRequest) -> str:
    """Return what the model reads of a refusal: of staff's the sentence that they wrote, too."""
    if not (request.by_staff and request.outcome == RequestOutcome.REJECTED):
        return _REFUSALS[RequestOutcome(request.outcome or "")]
    words = msgspec.json.decode(request.answer or '""', type=str)
    return f"Staff rejected this call: {words}" if words else "Staff rejected this call."


def _approval(requests: Sequence[PersonRequest]) -> PersonRequest | None:
    return next((one for one in requests if one.kind == RequestKind.APPROVE), None)


def _edited(call: ToolCall, approval: PersonRequest) -> ToolCall:
    return call if approval.answer is None else replace(call, arguments=approval.answer)


def _contents(requests: Sequence[PersonRequest]) -> Iterator[PersonAnswer]:
    """Yield the answers to the questions of a call."""
    for one in requests:
        if one.kind == RequestKind.ASK:
            answered = one.outcome == RequestOutcome.ANSWERED
            content = msgspec.json.decode(one.answer or "null") if answered else None
            expired = one.outcome == RequestOutcome.EXPIRED
            yield PersonAnswer(content, one.message, one.schema or "", expired)


def _object(arguments: str) -> str:
    """Return a call's arguments as the JSON text of an object; {} for what is none, which the tool refuses by itself."""
    try:
        return msgspec.json.encode(msgspec.json.decode(arguments, type=dict)).decode()
    except msgspec.MsgspecError:
        return "{}"
