"""The recorder of a response: where its time went, how fast it came, what each call of a model took. None of it is content."""

from __future__ import annotations

from dataclasses import dataclass

from chat import service
from chat.admin.inspection.call_attempts import CallAttempt, call_attempts, calls_of, total_cost
from chat.admin.inspection.throughput import Throughput, throughput
from chat.admin.inspection.timeline import Timeline, timeline
from chat.models import Response
from chat.streams.timing import arrivals

QUARTERS = 4  # of the axis, labelled


@dataclass(frozen=True, slots=True)
class ResponseTrace:
    """`readers`: of this process; None when all is over. `ticks`: seconds at the quarters of the axis."""

    timeline: Timeline
    throughput: Throughput
    call_attempts: list[CallAttempt]
    cost: str | None
    readers: int | None
    ticks: list[str]


def build_trace(response: Response) -> ResponseTrace:
    calls = calls_of(response.pk)
    axis = timeline(response, calls)
    return ResponseTrace(
        timeline=axis,
        throughput=throughput(arrivals(response.pk), axis.seconds),
        call_attempts=call_attempts(calls),
        cost=total_cost(calls),
        readers=None if response.ended else service.readers(response.pk),
        ticks=[f"{axis.seconds * at / QUARTERS:.1f} s" for at in range(QUARTERS + 1)],
    )
