"""The results as a table and as JSON."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.benchmarks.curves import Curve
from tests.benchmarks.figures import Spread, spread
from tests.benchmarks.rounds import Runs

HEAD = ("scenario", "unit", "ours: min, median, max", "against", "against ÷ ours, pair by pair", "to reach")


def lines(runs: list[Runs], curves: list[Curve]) -> list[str]:
    """Return the table with a line for each scenario and curve, and then the runs without a figure."""
    rows = [HEAD, *map(_row, runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    shown += ["", *(f"{curve.name} ({curve.unit}): {_points(curve)}" for curve in curves)]
    faults = [f"no figure: {one.scenario.name}, {fault}" for one in runs for fault in one.faults]
    faults += [f"no figure: {curve.name}, {curve.fault}" for curve in curves if curve.fault]
    return [*(line.rstrip() for line in shown), *faults]


def _row(runs: Runs) -> tuple[str, ...]:
    scenario = runs.scenario
    first, *second = (_shown(spread(runs.figures(side))) for side in scenario.sides)
    return (
        scenario.name,
        scenario.unit,
        first,
        *(second or [_shown(None)]),
        _shown(spread(runs.ratios)),
        scenario.reach,
    )


def _shown(found: Spread | None) -> str:
    return f"{found.minimum:.2f}  {found.median:.2f}  {found.maximum:.2f}" if found else "–"


def _points(curve: Curve) -> str:
    return ", ".join(f"{size:,}: {value:.2f}" for size, value in curve.points) or "–"


def as_json(runs: list[Runs], curves: list[Curve]) -> dict[str, Any]:
    return {
        "machine": machine(),
        "scenarios": {one.scenario.name: _scenario(one) for one in runs},
        "curves": {curve.name: asdict(curve) for curve in curves},
    }


def _scenario(runs: Runs) -> dict[str, Any]:
    found = {name: spread(runs.figures(name)) for name in runs.results}
    ratio = spread(runs.ratios)
    return {
        "unit": runs.scenario.unit,
        "figures": {name: asdict(one) if one else None for name, one in found.items()},
        "ratio": asdict(ratio) if ratio else None,
        "faults": runs.faults,
        "runs": runs.results,
    }


def machine() -> dict[str, Any]:
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "processor": cpus[0].partition(":")[2].strip() if cpus else platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }
