"""Timeline of a response: its phases on one axis that begins at the claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby, pairwise

from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from chat.models import CallOutcome, Response, UpstreamCall
from chat.streams.timing import thought_times

ToSeconds = Callable[[datetime], float]

# Units of a bar; the page scales it.
WIDTH = 1_000
# Shorter spans are only the time between two readings of the clock.
MIN_SPAN_SECONDS = 0.0005

KINDS = {
    "queued": _("in the queue"),
    "starting": _("preparing"),
    "waiting": _("waiting for the model"),
    "thinking": _("model thinking"),
    "writing": _("model writing"),
    "failed": _("failed call"),
    "tools": _("tools running"),
    "ending": _("storing"),
}


@dataclass(frozen=True, slots=True)
class TimelineSpan:
    """A phase of a response: `kind` is a key of KINDS, `start` and `stop` are seconds on the axis, `label` is for people."""

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
    """A span in units of WIDTH, as text: templates localise numbers, and SVG does not allow that."""

    kind: str
    x: str
    width: str
    label: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """The spans of a response; `seconds` are those from the claim to the end, or until now."""

    seconds: float
    spans: list[TimelineSpan]
    first_token: float | None

    @property
    def bars(self) -> list[TimelineBar]:
        return [
            TimelineBar(
                span.kind, self.to_units(span.start), self.to_units(span.stop - span.start), span.label
            )
            for span in self.spans
        ]

    def to_units(self, seconds: float) -> str:
        """Return a time or a duration in units of WIDTH."""
        return f"{seconds / self.seconds * WIDTH:.2f}"

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """The kinds that occur, with their labels, for the legend of a chart."""
        occurring = {span.kind for span in self.spans}
        return [(kind, str(label)) for kind, label in KINDS.items() if kind in occurring]

    @property
    def summary(self) -> str:
        """The whole timeline as a sentence."""
        parts = [f"{span.label}: {span.seconds} s" for span in self.spans]
        values = {"seconds": f"{self.seconds:.2f}", "parts": ", ".join(parts)}
        return gettext("%(seconds)s s in all. %(parts)s.") % values


def timelines(responses: Sequence[Response]) -> dict[int, Timeline]:
    """Return the timelines of responses, by primary key."""
    calls: dict[int, list[UpstreamCall]] = {response.pk: [] for response in responses}
    rows = UpstreamCall.objects.filter(response__in=list(calls)).order_by("response", "round", "attempt")
    for call in rows.defer("provenance", "parameters", "causes"):
        calls[call.response].append(call)
    thoughts = thought_times([response.pk for response in responses if response.thinking_length])
    return {
        response.pk: timeline(response, calls[response.pk], thoughts.get(response.pk, ()))
        for response in responses
    }


def timeline(
    response: Response, calls: Sequence[UpstreamCall], thoughts: Sequence[Sequence[int]] = ()
) -> Timeline:
    """Return the timeline of a response and its calls, which are ordered by round and attempt.

    `thoughts`: the arrivals of thought as in `chat.streams.timing.thought_times`.
    """
    began, end = response.created_at, response.finished_at or timezone.now()
    total = max((end - began).total_seconds(), 0.001)

    def at(moment: datetime) -> float:
        return min(max((moment - began).total_seconds(), 0.0), total)

    # The call for the title comes after the response has ended and is no part of it.
    own = [call for call in calls if response.finished_at is None or call.started_at < response.finished_at]
    spans = [span for call in own for span in _call_spans(call, at(call.started_at), at)]
    spans += _tool_spans(own, at)
    started = response.started_at or (None if response.ended else end)
    if started:
        spans.append(TimelineSpan("queued", 0.0, at(started), str(KINDS["queued"])))
        if not own and response.started_at:
            spans += _estimated_spans(response, at(started), total, at)
    if own and response.started_at:
        spans.append(
            TimelineSpan("starting", at(response.started_at), at(own[0].started_at), str(KINDS["starting"]))
        )
    if own and response.finished_at:
        spans.append(TimelineSpan("ending", at(own[-1].finished_at), total, str(KINDS["ending"])))
    parts = [part for span in spans for part in _parts(span, thoughts)]
    shown = sorted(
        (span for span in parts if span.stop - span.start > MIN_SPAN_SECONDS), key=lambda span: span.start
    )
    first = [at(call.first_token_at) for call in own if call.first_token_at]
    return Timeline(total, shown, min(first, default=None))


def _parts(span: TimelineSpan, thoughts: Sequence[Sequence[int]]) -> Iterator[TimelineSpan]:
    """Yield the parts of a model's span: each stretch of thought in it, and the time around them."""
    at = span.start
    for stretch in thoughts if span.kind in ("waiting", "writing") else ():
        inside = [time / 1000 for time in stretch if at <= time / 1000 <= span.stop]
        if len(inside) > 1:
            call = span.label.rpartition(": ")[0]
            label = f"{call}: {gettext('thinking')}" if call else str(KINDS["thinking"])
            yield replace(span, start=at, stop=inside[0])
            yield TimelineSpan("thinking", inside[0], inside[-1], label)
            at = inside[-1]
    yield replace(span, start=at)


def _estimated_spans(response: Response, start: float, end: float, at: ToSeconds) -> list[TimelineSpan]:
    """Return the spans of a response without rows for its calls: the first one runs, or an older release answered it."""
    answered = at(response.first_token_at) if response.first_token_at else end
    return [
        TimelineSpan("waiting", start, answered, str(KINDS["waiting"])),
        TimelineSpan("writing", answered, end, str(KINDS["writing"])),
    ]


def _call_spans(call: UpstreamCall, start: float, at: ToSeconds) -> list[TimelineSpan]:
    named = gettext("round %(number)s, %(model)s") % {"number": call.round + 1, "model": call.model}
    stop = at(call.finished_at)
    if call.outcome in (CallOutcome.FAILED, CallOutcome.LOST) and call.first_token_at is None:
        return [TimelineSpan("failed", start, stop, f"{named}: {gettext(call.outcome)}")]
    answered = at(call.first_token_at) if call.first_token_at else stop
    return [
        TimelineSpan("waiting", start, answered, f"{named}: {gettext('waiting')}"),
        TimelineSpan("writing", answered, stop, f"{named}: {gettext('writing')}"),
    ]


def _tool_spans(calls: Sequence[UpstreamCall], at: ToSeconds) -> list[TimelineSpan]:
    """Return the spans between the last call of a round and the first of the next."""
    rounds = [list(group) for _, group in groupby(calls, key=lambda call: call.round)]
    return [
        TimelineSpan(
            "tools",
            at(calls[-1].finished_at),
            at(following[0].started_at),
            gettext("tools of round %(number)s") % {"number": calls[0].round + 1},
        )
        for calls, following in pairwise(rounds)
    ]
