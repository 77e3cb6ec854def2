"""Trace of a response: timeline, throughput and calls of models. It contains no content."""

from __future__ import annotations

from dataclasses import dataclass

from chat import service
from chat.admin.inspection.call_attempts import CallAttempt, call_attempts, calls_of, total_cost
from chat.admin.inspection.throughput import Throughput, throughput
from chat.admin.inspection.timeline import Timeline, timeline
from chat.models import Response
from chat.streams.timing import arrivals, thought_times

# Labels of the axis stand at its quarters.
QUARTERS = 4


@dataclass(frozen=True, slots=True)
class ResponseTrace:
    """The figures of a response. `readers` are those of this process, None once it has ended; `ticks` label the axis."""

    timeline: Timeline
    throughput: Throughput
    call_attempts: list[CallAttempt]
    cost: str | None
    readers: int | None
    ticks: list[str]


def build_trace(response: Response) -> ResponseTrace:
    calls = calls_of(response.pk)
    axis = timeline(response, calls, thought_times([response.pk]).get(response.pk, ()))
    return ResponseTrace(
        timeline=axis,
        throughput=throughput(arrivals(response.pk), axis.seconds),
        call_attempts=call_attempts(calls),
        cost=total_cost(calls),
        readers=None if response.ended else service.readers(response.pk),
        ticks=[f"{axis.seconds * at / QUARTERS:.1f} s" for at in range(QUARTERS + 1)],
    )
