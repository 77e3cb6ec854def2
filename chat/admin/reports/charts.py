"""Charts as numbers for SVG: bars and lines in a box of 100 units' height, which the page scales; labels are HTML.

There is no markup here and no style attribute, which the content security policy forbids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from chat.admin.lists.formatting import format_number

HEIGHT = 100.0
# Share of a bar's slot that is left free on each side.
GAP = 0.15
# Colours in `css/admin/reports.css`; a seventh series has the first one again.
COLOURS = 8
# Share of a slot that the dash of a single value takes.
DASH = 0.6
# Ends of an axis: round numbers.
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Series:
    """A name and a value for each label; None for a missing value."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    colour: int


@dataclass(frozen=True, slots=True)
class Polyline:
    """A line of a chart. `points` is SVG's attribute; a single value is drawn as a dash in its slot."""

    points: str
    colour: int


@dataclass(frozen=True, slots=True)
class Slot:
    """The values at one label, as text for a tooltip; `x` is the label's number."""

    x: int
    text: str


@dataclass(frozen=True, slots=True)
class Legend:
    name: str
    colour: int


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart for its template. `width` is one unit for each label; `top` and `middle` label the axis.

    `before`: the lines of the period before, drawn over the bars.
    """

    title: str
    width: int
    top: str
    middle: str
    labels: tuple[str, str, str]
    legend: list[Legend]
    slots: list[Slot]
    bars: list[Bar]
    lines: list[Polyline]
    before: list[Polyline]


def stacked(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    unit: str = "",
    before: Series | None = None,
) -> Chart:
    """Return a chart of stacked bars, with the totals of the period before as a line if they are given."""
    totals = [sum(part.values[index] or 0 for part in series) for index in range(len(labels))]
    earlier = [value or 0 for value in before.values] if before else []
    top = _round_up(max([*totals, *earlier], default=0))
    bars = []
    for index in range(len(labels)):
        level = 0.0
        for number, part in enumerate(series):
            value = part.values[index] or 0
            if value:
                height = value / top * HEIGHT
                level += height
                bars.append(Bar(index + GAP, HEIGHT - level, 1 - 2 * GAP, height, number % COLOURS))
    return _chart(title, labels, series, top, unit, bars=bars, before=before)


def lines(title: str, labels: Sequence[str], series: Sequence[Series], unit: str = "") -> Chart:
    """Return a chart with a line for each series, interrupted at missing values."""
    top = _round_up(max((value or 0 for line in series for value in line.values), default=0))
    drawn = [
        line for number, part in enumerate(series) for line in _polylines(part.values, top, number % COLOURS)
    ]
    return _chart(title, labels, series, top, unit, lines=drawn)


def _polylines(values: Sequence[float | None], top: float, colour: int) -> list[Polyline]:
    return [
        Polyline(" ".join(f"{x:.2f},{HEIGHT - y / top * HEIGHT:.2f}" for x, y in run), colour)
        for run in _unbroken_runs(values)
    ]


def _slots(labels: Sequence[str], series: Sequence[Series], unit: str) -> list[Slot]:
    """Return the slots of labels with a value other than zero."""
    slots = []
    for index, label in enumerate(labels):
        values = [(part.name, part.values[index]) for part in series]
        if any(value for _, value in values):
            texts = [f"{name}: {shown(value, unit)}" for name, value in values if value]
            slots.append(Slot(index, "; ".join([label, *texts])))
    return slots


def _chart(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    top: float,
    unit: str,
    *,
    bars: list[Bar] | None = None,
    lines: list[Polyline] | None = None,
    before: Series | None = None,
) -> Chart:
    ends = (labels[0], labels[len(labels) // 2], labels[-1]) if labels else ("", "", "")
    legend = [Legend(line.name, number % COLOURS) for number, line in enumerate(series)]
    axis = (shown(top, unit), shown(top / 2, unit))
    slots = _slots(labels, [*series, before] if before else series, unit)
    earlier = _polylines(before.values, top, 0) if before else []
    return Chart(title, max(1, len(labels)), *axis, ends, legend, slots, bars or [], lines or [], earlier)


def _unbroken_runs(values: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    """Return runs of adjacent values, each point in the middle of its slot."""
    runs: list[list[tuple[float, float]]] = []
    ended = True
    for index, value in enumerate(values):
        if value is None:
            ended = True
            continue
        if ended:
            runs.append([])
        runs[-1].append((index + 0.5, value))
        ended = False
    return [run if len(run) > 1 else _dash(*run[0]) for run in runs]


def _dash(x: float, y: float) -> list[tuple[float, float]]:
    return [(x - DASH / 2, y), (x + DASH / 2, y)]


def _round_up(value: float) -> float:
    """Return the next round number, the end of an axis."""
    if value <= 0:
        return 1.0
    unit = 1.0
    while unit * 10 <= value:
        unit *= 10
    while unit > value:
        unit /= 10
    return next(step * unit for step in STEPS if step * unit >= value * (1 - 1e-9))


def shown(value: float, unit: str = "") -> str:
    """Return a number abbreviated with k, M or G, to three significant digits."""
    for size, divisor, letter in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if value >= size:
            return f"{_three_digits(value / divisor)}{letter} {unit}".strip()
    whole = value >= 100 or value == int(value)
    return f"{format_number(round(value)) if whole else _three_digits(value)} {unit}".strip()


def _three_digits(value: float) -> str:
    return format_number(Decimal(f"{value:.3g}"))
