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
from tests.benchmarks.scenarios import NGINX, ROUTE, ROWS, SERVERS, TRACED, Row

CONTESTANTS = (*SERVERS, NGINX, TRACED)


def lines(runs: list[Runs], curves: list[Curve]) -> list[str]:
    """Return the table of the contestants that took part, a line for each curve, and then the runs without a figure."""
    columns = [one for one in CONTESTANTS if any(one in scenario.results for scenario in runs)]
    head = ("median (min to max)", "unit", *columns, "here ÷ route, nginx or traced", "to reach")
    by_name = {one.scenario.name: one for one in runs}
    rows = [head, *(_row(row, by_name[row.scenario], columns) for row in ROWS if row.scenario in by_name)]
    shown = [f"| {' | '.join(row)} |" for row in rows]
    shown.insert(1, "|---" * len(head) + "|")
    shown += ["", *(f"{curve.name} ({curve.unit}): {_points(curve)}" for curve in curves)]
    faults = [f"no figure: {one.scenario.name}, {fault}" for one in runs for fault in one.faults]
    faults += [f"no figure: {curve.name}, {curve.fault}" for curve in curves if curve.fault]
    return [*shown, *faults]


def _row(row: Row, runs: Runs, columns: list[str]) -> tuple[str, ...]:
    found = [_shown(spread(runs.figures(side, row.figure))) for side in columns]
    other = next((side for side in (NGINX, TRACED) if side in runs.results), ROUTE)
    ratios = runs.ratios(other, row.figure)
    return (row.title, row.unit, *found, _shown(spread(ratios)), row.reach)


def _shown(found: Spread | None) -> str:
    return f"{_number(found.median)} ({_number(found.minimum)} to {_number(found.maximum)})" if found else "–"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _points(curve: Curve) -> str:
    return ", ".join(f"{size:,}: {value:.2f}" for size, value in curve.points) or "–"


def as_json(runs: list[Runs], curves: list[Curve]) -> dict[str, Any]:
    return {
        "machine": machine(),
        "scenarios": {one.scenario.name: _scenario(one) for one in runs},
        "curves": {curve.name: asdict(curve) for curve in curves},
    }


def _scenario(one: Runs) -> dict[str, Any]:
    rows = [row for row in ROWS if row.scenario == one.scenario.name]
    found = {
        row.figure: {side: spread(one.figures(side, row.figure)) for side in one.results} for row in rows
    }
    return {"figures": found, "faults": one.faults, "runs": one.results}


def machine() -> dict[str, Any]:
    cpus = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return {
        "processor": cpus[0].partition(":")[2].strip() if cpus else platform.processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }
