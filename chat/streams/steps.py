"""The steps of a response between the bytes of its text: tool calls and requests to a person, in one list for all readers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby, takewhile
from operator import attrgetter

from chat.models import PersonRequest, ToolState, ToolUse
from chat.streams.events import AnswerEvent, RequestEvent, StepEvent, ToolEvent


class ToolLog:
    """A response's tool calls and requests to a person, as a list of events that only grows, the same for every reader.

    The calls of a round begin in their order, and their ends are listed in that order too, whenever they came. An end stands
    behind the text that the call wrote. Requests come together, behind the ends that were listed by then, and their answers in
    the order in which they came. `ends`: the offsets of the ends, by the ids of the calls.
    """

    __slots__ = ("_open", "ends", "events")

    def __init__(self) -> None:
        self.events: list[StepEvent] = []
        self.ends: dict[str, int] = {}
        # The calls of the round whose ends are not listed yet, and the ends; None: the call has not ended.
        self._open: dict[str, tuple[ToolEvent, ToolEvent | None]] = {}

    def start(self, calls: Iterable[ToolEvent]) -> None:
        for call in calls:
            self._open[call.call_id] = (call, None)
            self.events.append(call)

    def running(self, call_id: str) -> ToolEvent | None:
        """Return the start of a call that has not ended."""
        call, ended = self._open.get(call_id, (None, None))
        return call if ended is None else None

    def end(self, call_id: str, state: str, text_offset: int) -> None:
        """End a call where the text ends now."""
        if call_id in self._open:
            call, _ = self._open[call_id]
            place = self.ends[call_id] = max(call.text_offset, text_offset)
            self._open[call_id] = (call, replace(call, state=state, text_offset=place))
        while self._open:
            first = next(iter(self._open))
            _, ended = self._open[first]
            if ended is None:
                return
            self.events.append(ended)
            del self._open[first]

    @classmethod
    def of(cls, uses: Iterable[ToolUse], requests: Iterable[PersonRequest]) -> ToolLog:
        """Return the log of stored calls and requests, each in their order."""
        log, asked = (
            cls(),
            {number: list(rows) for number, rows in groupby(requests, key=attrgetter("round"))},
        )
        for number, together in groupby(uses, key=attrgetter("round")):
            log._add_round(list(together), asked.get(number, []))
        return log

    def _add_round(self, calls: list[ToolUse], requests: list[PersonRequest]) -> None:
        self.start(
            ToolEvent(use.name, ToolState.STARTED, use.call_id, use.text_offset, use.thinking_offset)
            for use in calls
        )
        ended = list(takewhile(lambda use: use.state != ToolState.STARTED, calls))
        listed = 0
        for ends_before, group in groupby(requests, key=attrgetter("ends_before", "created_at")):
            for use in ended[listed : ends_before[0]]:
                self.end(use.call_id, use.state, use.end_offset or 0)
            listed = max(listed, ends_before[0])
            self._add_requests(list(group))
        for use in calls:
            if use.state != ToolState.STARTED:
                self.end(use.call_id, use.state, use.end_offset or 0)

    def _add_requests(self, together: list[PersonRequest]) -> None:
        self.events += map(request_event, together)
        answered = [one for one in together if one.answer_number is not None]
        for one in sorted(answered, key=attrgetter("answer_number")):
            self.events.append(
                AnswerEvent(one.public_id, str(one.outcome), one.text_offset, one.thinking_offset)
            )

    def fail_open(self, text_offset: int) -> None:
        """End the calls that their process did not end, at the end of the text."""
        for call_id, (_, ended) in list(self._open.items()):
            if ended is None:
                self.end(call_id, ToolState.FAILED, text_offset)


def request_event(row: PersonRequest) -> RequestEvent:
    """Return a stored request as its readers get it."""
    return RequestEvent(
        request_id=row.public_id,
        kind=row.kind,
        tool=row.tool,
        call_id=row.call_id,
        deadline=row.deadline,
        arguments=None if row.by_staff else row.arguments,
        schema=row.schema,
        message=row.message,
        editable=row.editable,
        text_offset=row.text_offset,
        thinking_offset=row.thinking_offset,
        by_staff=row.by_staff,
    )
