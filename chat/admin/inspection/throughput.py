"""How fast the text of a response came: its rate over time, its silences, its first word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from chat.admin.inspection.timeline import WIDTH
from chat.streams.timing import Arrival

COLUMNS = 100  # of the chart: one for a few pixels of a phone
ROWS = 20  # of the table that stands beside it: what a person listens to
HEIGHT = 100  # units of the chart
MAX_GAPS = 5  # the longest silences, listed
MIN_GAP_SECONDS = 0.25  # seconds without a byte that a reader notices


@dataclass(frozen=True, slots=True)
class Interval:
    """Bytes that came within a stretch of time; seconds as texts."""

    since: str
    until: str
    size: int
    rate: int  # bytes a second


@dataclass(frozen=True, slots=True)
class Gap:
    """A silence in the text, in seconds and as units of the chart's width."""

    since: str
    seconds: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Throughput:
    """`path` is the rate over time for an SVG of WIDTH × HEIGHT; `peak`, in bytes a second, is its height."""

    path: str
    peak: int
    intervals: list[Interval]
    gaps: list[Gap]
    longest: str | None
    median: str | None
    first: str | None
    arrivals: int
    size: int


def throughput(arrivals: Sequence[Arrival], seconds: float) -> Throughput:
    """Of the model's text; `seconds` is the whole axis. Our own think items are not the model's pace."""
    model_arrivals = [one for one in arrivals if not one.ephemeral]
    columns = _rates(model_arrivals, seconds, COLUMNS)
    peak = max(columns, default=0)
    moments = [one.milliseconds / 1000 for one in model_arrivals]
    gaps = sorted(((b - a, a) for a, b in pairwise(moments)), reverse=True)
    return Throughput(
        path=_path(columns, peak),
        peak=round(peak),
        intervals=_intervals(model_arrivals, seconds),
        gaps=[_gap(since, length, seconds) for length, since in gaps[:MAX_GAPS] if length >= MIN_GAP_SECONDS],
        longest=f"{gaps[0][0]:.2f}" if gaps else None,
        median=f"{gaps[len(gaps) // 2][0] * 1000:.0f}" if gaps else None,
        first=f"{moments[0]:.2f}" if moments else None,
        arrivals=len(model_arrivals),
        size=sum(one.size for one in model_arrivals),
    )


def _sizes(arrivals: Sequence[Arrival], seconds: float, parts: int) -> list[int]:
    sizes = [0] * parts
    for one in arrivals:
        sizes[min(parts - 1, int(one.milliseconds / 1000 / seconds * parts))] += one.size
    return sizes


def _rates(arrivals: Sequence[Arrival], seconds: float, parts: int) -> list[float]:
    return [size / (seconds / parts) for size in _sizes(arrivals, seconds, parts)]


def _path(columns: list[float], peak: float) -> str:
    """Steps: a column is what came in its time, and nothing is drawn between two of them that did not happen."""
    if not peak:
        return ""
    width = WIDTH / len(columns)
    steps = [
        f"V{HEIGHT - rate / peak * HEIGHT:.1f}H{(at + 1) * width:.1f}" for at, rate in enumerate(columns)
    ]
    return f"M0 {HEIGHT}{''.join(steps)}V{HEIGHT}Z"


def _intervals(arrivals: Sequence[Arrival], seconds: float) -> list[Interval]:
    length = seconds / ROWS
    return [
        Interval(f"{at * length:.2f}", f"{(at + 1) * length:.2f}", size, round(size / length))
        for at, size in enumerate(_sizes(arrivals, seconds, ROWS))
    ]


def _gap(since: float, length: float, seconds: float) -> Gap:
    x, width = since / seconds * WIDTH, length / seconds * WIDTH
    return Gap(f"{since:.2f}", f"{length:.2f}", f"{x:.2f}", f"{width:.2f}")
