"""The figure of a scenario from the load client's result, and minimum, median and maximum of several runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

from tests.benchmarks.scenarios import DURABLE, OURS, Scenario

Result = dict[str, Any]

# Milliseconds: a paced run with a later median delta gives no figure, since merged deltas are cheap.
HELD_BACK_MS = 5.0
# The least writes per delta of a paced run with a figure.
MERGED = 0.8


@dataclass(frozen=True, slots=True)
class Spread:
    """Minimum, median and maximum of a figure's runs."""

    minimum: float
    median: float
    maximum: float
    runs: int


def spread(values: list[float]) -> Spread | None:
    """Return the spread, None where there are no values."""
    return Spread(min(values), median(values), max(values), len(values)) if values else None


def fault(scenario: Scenario, result: Result, side: str = OURS) -> str:
    """Return the reason why a run gives no figure; empty where it gives one. With CHAT_DURABLE deltas are late by design."""
    if scenario.replays:
        return ""
    if result["errors"] or result["unfinished"] or result["ok"] != result["n"]:
        return f"{result['errors']} errors, {result['unfinished']} unfinished: {result.get('err') or 'no reason given'}"
    if not scenario.paced or side == DURABLE:
        return ""
    if result["lat_p50"] > HELD_BACK_MS:
        return f"half of the deltas were more than {result['lat_p50']:.1f} ms late"
    if result["writes"] < MERGED * result["deltas"]:
        return f"{result['deltas']} deltas came in {result['writes']} writes"
    return ""


def cpu_per_delta(result: Result) -> float:
    """Return the CPU microseconds of all server processes per delta."""
    return float(sum(result["cpu"])) * 1e6 / int(result["deltas"])


def cpu_per_delta_with_postgres(result: Result) -> float:
    return cpu_per_delta(result) + float(result["postgres"]) * 1e6 / int(result["deltas"])


def cpu_of_each(result: Result) -> float:
    """Return the CPU milliseconds of all server processes per prompt or replay."""
    return float(sum(result["cpu"])) * 1e3 / int(result["n"])


def cpu_of_each_with_postgres(result: Result) -> float:
    return cpu_of_each(result) + float(result["postgres"]) * 1e3 / int(result["n"])


def delay(result: Result) -> float:
    return float(result["lat_p50"])


def late(result: Result) -> float:
    """Return the delay that one delta in a hundred exceeds."""
    return float(result["lat_p99"])


def memory(result: Result) -> float:
    return float(result["rss_kb"] - result["rss0_kb"]) / int(result["n"])


def held_memory(result: Result) -> float:
    return float(result["rss_held_kb"] - result["rss0_kb"]) / int(result["n"])


def first_byte(result: Result) -> float:
    return float(result["ttfb_p50"] - result["direct_ttfb_p50"])


OF: dict[str, Callable[[Result], float]] = {
    function.__name__: function
    for function in (
        cpu_per_delta,
        cpu_per_delta_with_postgres,
        cpu_of_each,
        cpu_of_each_with_postgres,
        delay,
        late,
        memory,
        held_memory,
        first_byte,
    )
}
