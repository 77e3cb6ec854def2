"""Where the time of a response went: its spans on one axis, which begins when the response was claimed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise

from django.utils import timezone

from chat.models import CallOutcome, Response, UpstreamCall

ToSeconds = Callable[[datetime], float]

WIDTH = 1_000  # units of a bar, whatever its width on the page
MIN_SPAN_SECONDS = 0.0005  # seconds; a shorter span is nothing but the way from one clock reading to the next

KINDS = {
    "queued": "waits for its turn",
    "starting": "is prepared",
    "waiting": "waits for the model",
    "writing": "the model writes",
    "failed": "a call that failed",
    "tools": "tools run",
    "ending": "is written down",
}


@dataclass(frozen=True, slots=True)
class TimelineSpan:
    """Seconds of one kind, a key of KINDS, from the beginning of the axis. `label` says what a person should read."""

    kind: str
    start: float
    stop: float
    label: str

    @property
    def seconds(self) -> str:
        return f"{self.stop - self.start:.2f}"

    @property
    def since(self) -> str:
        return f"{self.start:.2f}"


@dataclass(frozen=True, slots=True)
class TimelineBar:
    """A span in units of WIDTH, as texts: a template would write numbers as the reader's language does."""

    kind: str
    x: str
    width: str
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """`seconds` from the claim to the end, or until now."""

    seconds: float
    spans: list[TimelineSpan]
    first_token: float | None

    @property
    def bars(self) -> list[TimelineBar]:
        return [
            TimelineBar(span.kind, self.place(span.start), self.place(span.stop - span.start), span.label)
            for span in self.spans
        ]

    def place(self, seconds: float) -> str:
        """A moment, or a length, in units of WIDTH."""
        return f"{seconds / self.seconds * WIDTH:.2f}"

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Those that occur, each with its words, for the key below a chart."""
        found = {span.kind for span in self.spans}
        return [(kind, words) for kind, words in KINDS.items() if kind in found]

    @property
    def words(self) -> str:
        """All of it as a sentence."""
        parts = [f"{span.label}: {span.seconds} s" for span in self.spans]
        return f"{self.seconds:.2f} s in all. {', '.join(parts)}."


def timelines(responses: Sequence[Response]) -> dict[int, Timeline]:
    """Of many responses, by primary key."""
    calls: dict[int, list[UpstreamCall]] = {response.pk: [] for response in responses}
    found = UpstreamCall.objects.filter(response__in=list(calls)).order_by("response", "round", "attempt")
    for call in found.defer("provenance", "parameters", "causes"):
        calls[call.response].append(call)
    return {response.pk: timeline(response, calls[response.pk]) for response in responses}


def timeline(response: Response, calls: Sequence[UpstreamCall]) -> Timeline:
    """Of a response and its calls, in the order of rounds and attempts."""
    began, end = response.created_at, response.finished_at or timezone.now()
    total = max((end - began).total_seconds(), 0.001)

    def at(moment: datetime) -> float:
        return min(max((moment - began).total_seconds(), 0.0), total)

    # A title is asked for when all is over; it is nothing of the answer's.
    own = [call for call in calls if response.finished_at is None or call.started_at < response.finished_at]
    spans = [span for call in own for span in _call_spans(call, at(call.started_at), at)]
    spans += _tool_spans(own, at)
    started = response.started_at or (None if response.ended else end)
    if started:
        spans.append(TimelineSpan("queued", 0.0, at(started), KINDS["queued"]))
        if not own and response.started_at:
            spans += _estimated_spans(response, at(started), total, at)
    if own and response.started_at:
        spans.append(
            TimelineSpan("starting", at(response.started_at), at(own[0].started_at), KINDS["starting"])
        )
    if own and response.finished_at:
        spans.append(TimelineSpan("ending", at(own[-1].finished_at), total, KINDS["ending"]))
    shown = sorted(
        (span for span in spans if span.stop - span.start > MIN_SPAN_SECONDS), key=lambda span: span.start
    )
    first = [at(call.first_token_at) for call in own if call.first_token_at]
    return Timeline(total, shown, min(first, default=None))


def _estimated_spans(response: Response, start: float, end: float, at: ToSeconds) -> list[TimelineSpan]:
    """Of a response no call of which has a row: its first one runs, or an older program gave it."""
    answered = at(response.first_token_at) if response.first_token_at else end
    return [
        TimelineSpan("waiting", start, answered, KINDS["waiting"]),
        TimelineSpan("writing", answered, end, KINDS["writing"]),
    ]


def _call_spans(call: UpstreamCall, start: float, at: ToSeconds) -> list[TimelineSpan]:
    named = f"round {call.round + 1}, {call.model}"
    stop = at(call.finished_at)
    if call.outcome in (CallOutcome.FAILED, CallOutcome.LOST) and call.first_token_at is None:
        return [TimelineSpan("failed", start, stop, f"{named} {call.outcome}")]
    answered = at(call.first_token_at) if call.first_token_at else stop
    return [
        TimelineSpan("waiting", start, answered, f"{named} is waited for"),
        TimelineSpan("writing", answered, stop, f"{named} writes"),
    ]


def _tool_spans(calls: Sequence[UpstreamCall], at: ToSeconds) -> list[TimelineSpan]:
    """What lies between the last call of a round and the first of the next."""
    rounds = [list(group) for _, group in groupby(calls, key=lambda call: call.round)]
    return [
        TimelineSpan(
            "tools", at(one[-1].finished_at), at(other[0].started_at), f"tools of round {one[0].round + 1}"
        )
        for one, other in pairwise(rounds)
    ]
