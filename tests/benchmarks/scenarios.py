"""The scenarios: load, figure and aim."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.script import LoadScript

# Names of contestants.
OURS, TWO, ROUTE = "ours", "ours, two processes", "next.js"

PACED = LoadScript(150, 12, 0.02)
BURST = LoadScript(500, 12)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A measurement of one or two contestants.

    `options` are those of the load client, its `--n` for each process. `figure` names a function of `figures`; `reach` is the
    aim in words. `sides` are the contestants: the subject and, where there is one, the one compared with.
    """

    name: str
    title: str
    script: LoadScript
    options: tuple[str, ...]
    figure: str
    unit: str
    reach: str
    sides: tuple[str, ...] = (OURS, ROUTE)
    paced: bool = False

    def load(self) -> list[str]:
        return [*self.options, "--expect", str(self.script.deltas), "--model", self.script.name]


def _options(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ALL = (
    Scenario(
        "paced",
        "100 streams × 50/s",
        PACED,
        _options("--n 100 --ramp 300"),
        "cpu_per_delta",
        "µs CPU/delta",
        "1.3 to 1.6 times the route's work per CPU-second",
        paced=True,
    ),
    Scenario(
        "burst",
        "50 at once × 500 deltas",
        BURST,
        _options("--n 100 --conc 50"),
        "cpu_per_delta",
        "µs CPU/delta",
        "3.5 to 5 times",
    ),
    Scenario(
        "saturation",
        "300 streams × 50/s: median delay",
        LoadScript(500, 12, 0.02),
        _options("--n 300 --ramp 1000 --timeout 90"),
        "delay",
        "ms",
        "at most 5 ms",
    ),
    Scenario(
        "saturation-tail",
        "the same: 99th percentile",
        LoadScript(500, 12, 0.02),
        _options("--n 300 --ramp 1000 --timeout 90"),
        "late",
        "ms",
        "at most 40 ms",
    ),
    Scenario(
        "held",
        "1,000 open streams: memory of each",
        LoadScript(10, 12, 1.0),
        _options("--n 1000 --ramp 3000 --timeout 90"),
        "memory",
        "KB/stream",
        "30 to 40 KB",
    ),
    Scenario(
        "first-byte",
        "time to the first byte, the model's own taken off",
        LoadScript(1),
        _options("--n 60 --conc 1"),
        "first_byte",
        "ms",
        "at most 3 ms with the prompt stored",
    ),
    Scenario(
        "websocket",
        "100 sockets × 50/s, against the route's HTTP",
        PACED,
        _options("--ws --n 100 --ramp 300"),
        "cpu_per_delta",
        "µs CPU/delta",
        "1.4 times",
        paced=True,
    ),
    Scenario(
        "two-processes",
        "100 streams × 50/s for each process, two against one: CPU of the busier",
        PACED,
        _options("--n 100 --ramp 300"),
        "busiest",
        "µs CPU/delta",
        "1.8 times less than one process",
        sides=(TWO, OURS),
    ),
    Scenario(
        "followers",
        "10,000 idle followers (WebSocket): memory of each",
        LoadScript(1000, 12, 20.0),
        _options("--ws --hold 10 --n 10000 --ramp 20000 --timeout 120"),
        "held_memory",
        "KB/follower",
        "at most 40 KB",
        sides=(OURS,),
    ),
    Scenario(
        "tiny",
        "a trial of the benchmark itself",
        LoadScript(3),
        _options("--n 2 --conc 2"),
        "cpu_per_delta",
        "µs CPU/delta",
        "nothing",
    ),
)
BY_NAME = {scenario.name: scenario for scenario in ALL}
USUAL = [scenario.name for scenario in ALL if scenario.name != "tiny"]
