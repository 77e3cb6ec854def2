"""Charts as numbers for SVG: bars and lines in a box of 100 units' height, which the page stretches; labels are HTML beside it.

Nothing here is markup, and nothing needs a style attribute, which the content security policy forbids.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

HEIGHT = 100.0
GAP = 0.15  # of a bar's room, left free on each side
COLOURS = 6  # that `admin.css` has; a seventh series wears the first again
STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)  # between which an axis ends: numbers that are read at a glance


@dataclass(frozen=True, slots=True)
class Series:
    """A name, and a value for each label; None where there is none."""

    name: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    colour: int
    title: str


@dataclass(frozen=True, slots=True)
class Polyline:
    """`points` as SVG has them; a lone point is a dot, drawn as a line of no length."""

    points: str
    colour: int


@dataclass(frozen=True, slots=True)
class Legend:
    name: str
    colour: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What the template draws. `width` is in units: one for each label. `top` and `middle` label the axis."""

    title: str
    width: int
    top: str
    middle: str
    labels: tuple[str, str, str]
    legend: list[Legend]
    bars: list[Bar]
    lines: list[Polyline]


def stacked(title: str, labels: Sequence[str], series: Sequence[Series], unit: str = "") -> Chart:
    """Bars, the series one on the other."""
    totals = [sum(one.values[index] or 0 for one in series) for index in range(len(labels))]
    top = _round_up(max(totals, default=0))
    bars = []
    for index, label in enumerate(labels):
        level = 0.0
        for number, one in enumerate(series):
            value = one.values[index] or 0
            if value:
                height = value / top * HEIGHT
                level += height
                words = f"{label}, {one.name}: {shown(value, unit)}"
                bars.append(Bar(index + GAP, HEIGHT - level, 1 - 2 * GAP, height, number % COLOURS, words))
    return _chart(title, labels, series, top, unit, bars=bars)


def lines(title: str, labels: Sequence[str], series: Sequence[Series], unit: str = "") -> Chart:
    """A line for each series, broken where it has no value."""
    top = _round_up(max((value or 0 for one in series for value in one.values), default=0))
    drawn = [
        Polyline(" ".join(f"{x:.2f},{HEIGHT - y / top * HEIGHT:.2f}" for x, y in run), number % COLOURS)
        for number, one in enumerate(series)
        for run in _unbroken_runs(one.values)
    ]
    return _chart(title, labels, series, top, unit, lines=drawn)


def _chart(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    top: float,
    unit: str,
    *,
    bars: list[Bar] | None = None,
    lines: list[Polyline] | None = None,
) -> Chart:
    ends = (labels[0], labels[len(labels) // 2], labels[-1]) if labels else ("", "", "")
    legend = [Legend(one.name, number % COLOURS) for number, one in enumerate(series)]
    axis = (shown(top, unit), shown(top / 2, unit))
    return Chart(title, max(1, len(labels)), *axis, ends, legend, bars or [], lines or [])


def _unbroken_runs(values: Sequence[float | None]) -> list[list[tuple[float, float]]]:
    """Neighbours that have values, each in the middle of its room."""
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
    return [run if len(run) > 1 else run * 2 for run in runs]


def _round_up(value: float) -> float:
    """The end of an axis: the next round number."""
    if value <= 0:
        return 1.0
    unit = 1.0
    while unit * 10 <= value:
        unit *= 10
    while unit > value:
        unit /= 10
    return next(step * unit for step in STEPS if step * unit >= value * (1 - 1e-9))


def shown(value: float, unit: str = "") -> str:
    """With thousands in short, and as many digits as a glance takes."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e4, "k")):
        if value >= size:
            number = f"{value / (1e3 if letter == 'k' else size):.3g}{letter}"
            return f"{number} {unit}".strip()
    number = f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
    return f"{number} {unit}".strip()
