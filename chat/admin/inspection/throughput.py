"""Throughput of a response: its rate over time, its gaps and its first text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from chat.admin.inspection.timeline import WIDTH
from chat.streams.timing import Arrival

# Columns of the chart: each a few pixels wide on a phone.
COLUMNS = 100
# Rows of the table with the same figures, short enough for a screen reader.
ROWS = 20
# Units of the chart.
HEIGHT = 100
# Gaps that are listed, longest first.
MAX_GAPS = 5
# Seconds without a byte that a reader notices.
MIN_GAP_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Interval:
    """Bytes received within an interval; seconds as text, `rate` in bytes a second."""

    since: str
    until: str
    size: int
    rate: int


@dataclass(frozen=True, slots=True)
class Gap:
    """A gap between two arrivals, in seconds and in units of the chart's width."""

    since: str
    seconds: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Throughput:
    """Throughput of a response. `path` is the rate for an SVG of WIDTH × HEIGHT, `peak` its highest value in bytes a second."""

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
    """Return the throughput of the model's text; `seconds` is the whole axis. Ephemeral think items are ignored."""
    model_arrivals = [arrival for arrival in arrivals if not arrival.ephemeral]
    columns = _rates(model_arrivals, seconds, COLUMNS)
    peak = max(columns, default=0)
    moments = [arrival.milliseconds / 1000 for arrival in model_arrivals]
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
        size=sum(arrival.size for arrival in model_arrivals),
    )


def _sizes(arrivals: Sequence[Arrival], seconds: float, parts: int) -> list[int]:
    sizes = [0] * parts
    for arrival in arrivals:
        sizes[min(parts - 1, int(arrival.milliseconds / 1000 / seconds * parts))] += arrival.size
    return sizes


def _rates(arrivals: Sequence[Arrival], seconds: float, parts: int) -> list[float]:
    return [size / (seconds / parts) for size in _sizes(arrivals, seconds, parts)]


def _path(columns: list[float], peak: float) -> str:
    """Return the rate as steps, one for each column, without interpolation."""
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
