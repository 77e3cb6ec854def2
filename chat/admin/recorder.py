"""The recorder of a response: where its time went, how fast it came, what each call of a model took. None of it is content."""

from __future__ import annotations

from dataclasses import dataclass

from chat import service
from chat.admin.attempts import Attempt, attempts, calls_of, total_cost
from chat.admin.pace import Pace, pace
from chat.admin.timeline import Timeline, timeline
from chat.models import Response
from chat.store.arrivals import arrivals

QUARTERS = 4  # of the axis, labelled


@dataclass(frozen=True, slots=True)
class Recording:
    """`readers`: of this process; None when all is over. `ticks`: seconds at the quarters of the axis."""

    timeline: Timeline
    pace: Pace
    attempts: list[Attempt]
    cost: str | None
    readers: int | None
    ticks: list[str]


def recording(response: Response) -> Recording:
    calls = calls_of(response.pk)
    axis = timeline(response, calls)
    return Recording(
        timeline=axis,
        pace=pace(arrivals(response.pk), axis.seconds),
        attempts=attempts(calls),
        cost=total_cost(calls),
        readers=None if response.ended else service.readers(response.pk),
        ticks=[f"{axis.seconds * at / QUARTERS:.1f} s" for at in range(QUARTERS + 1)],
    )
