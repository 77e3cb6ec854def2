"""From what the load client saw to the one number of a scenario; and many of them to minimum, median and maximum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from chat.bench.scenarios import Scenario

Result = dict[str, Any]

HELD_BACK_MS = 5.0  # a paced run whose median delta was late: merged deltas are cheap, and so no figure
MERGED = 0.8  # nor has one with a fifth fewer writes than deltas


@dataclass(frozen=True, slots=True)
class Spread:
    """Of a figure's runs."""

    minimum: float
    median: float
    maximum: float
    runs: int


def spread(values: list[float]) -> Spread | None:
    """None of no values."""
    return Spread(min(values), median(values), max(values), len(values)) if values else None


def fault(scenario: Scenario, result: Result) -> str:
    """Why a run gives no figure; empty where it gives one."""
    if result["errors"] or result["unfinished"] or result["ok"] != result["n"]:
        return f"{result['errors']} errors, {result['unfinished']} unfinished: {result.get('err') or 'no reason given'}"
    if scenario.paced and result["lat_p50"] > HELD_BACK_MS:
        return f"half of the deltas were more than {result['lat_p50']:.1f} ms late"
    if scenario.paced and result["writes"] < MERGED * result["deltas"]:
        return f"{result['deltas']} deltas came in {result['writes']} writes"
    return ""


def cpu_per_delta(result: Result) -> float:
    """Microseconds of all the server's processes."""
    return float(sum(result["cpu"])) * 1e6 / int(result["deltas"])


def busiest(result: Result) -> float:
    """Microseconds of the busiest process, per delta of all."""
    return float(max(result["cpu"])) * 1e6 / int(result["deltas"])


def delay(result: Result) -> float:
    return float(result["lat_p50"])


def late(result: Result) -> float:
    """One delta in a hundred is later."""
    return float(result["lat_p99"])


def memory(result: Result) -> float:
    return float(result["rss_kb"] - result["rss0_kb"]) / int(result["n"])


def held_memory(result: Result) -> float:
    return float(result["rss_held_kb"] - result["rss0_kb"]) / int(result["n"])


def first_byte(result: Result) -> float:
    return float(result["ttfb_p50"] - result["direct_ttfb_p50"])


OF: dict[str, Callable[[Result], float]] = {
    function.__name__: function
    for function in (cpu_per_delta, busiest, delay, late, memory, held_memory, first_byte)
}
