"""The scenarios, each a load on some contestants, and the rows of the table, each a figure of a scenario."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.script import LoadScript

# Names of contestants: the product in one process, in two, with CHAT_DURABLE, and with traces; the route that it is compared
# with; a relay that stores nothing; nginx with a file.
OURS, TWO, DURABLE, TRACED = "here", "2 processes", "durable", "traced"
ROUTE, FLOOR, NGINX = "next.js", "floor", "nginx"
SERVERS = (OURS, TWO, DURABLE, ROUTE, FLOOR)

PACED = LoadScript(150, 12, 0.02)
BURST = LoadScript(500, 12)
# 1 MiB.
REPLAY = LoadScript(65_536, 16)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A load on some contestants.

    `options` are those of the load client, its `--n` for each process. `direct`: the model itself is asked too, whose first
    byte is taken off. `warm`: after as many streams as are open at once. `replays`: of a finished answer, instead of streams.
    """

    name: str
    script: LoadScript
    options: str = ""
    sides: tuple[str, ...] = SERVERS
    paced: bool = False
    direct: bool = False
    warm: bool = True
    replays: int = 0

    def load(self) -> list[str]:
        return [*self.options.split(), "--expect", str(self.script.deltas), "--model", self.script.name]


ALL = (
    Scenario("first-byte", LoadScript(1), "--n 60 --conc 1", direct=True),
    Scenario("paced", PACED, "--n 100 --ramp 300", paced=True),
    Scenario("burst", BURST, "--n 100 --conc 50"),
    Scenario(
        "held",
        LoadScript(20, 12, 1.0),
        "--n 1000 --ramp 10000 --timeout 90",
        (OURS, ROUTE, FLOOR),
    ),
    Scenario("traces", PACED, "--n 100 --ramp 300", (OURS, TRACED), paced=True),
    Scenario("replay", REPLAY, sides=(OURS, NGINX), replays=300),
    Scenario(
        "saturation", LoadScript(500, 12, 0.02), "--n 300 --ramp 1000 --timeout 90", (OURS, ROUTE, FLOOR)
    ),
    Scenario("websocket", PACED, "--ws --n 100 --ramp 300", (OURS, ROUTE), paced=True),
    Scenario(
        "followers",
        LoadScript(1000, 12, 20.0),
        "--ws --hold 10 --n 10000 --ramp 20000 --timeout 120",
        (OURS,),
        warm=False,
    ),
    Scenario("tiny", LoadScript(3), "--n 2 --conc 2", (OURS, FLOOR)),
)
BY_NAME = {scenario.name: scenario for scenario in ALL}
# Those that run without being named.
USUAL = ["first-byte", "paced", "burst", "held", "replay"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: a figure (a function of `figures`) of a scenario, and the aim in words."""

    title: str
    scenario: str
    figure: str
    unit: str
    reach: str = ""


ROWS = (
    Row("first byte over the model's, prompt stored", "first-byte", "first_byte", "ms", "0.8 × the route's"),
    Row("CPU of a prompt, claim to end", "first-byte", "cpu_of_each", "ms", "1.0"),
    Row("the same, with Postgres", "first-byte", "cpu_of_each_with_postgres", "ms"),
    Row("100 × 50/s: delay of a delta, median", "paced", "delay", "ms", "0.3"),
    Row("the same, 99th percentile", "paced", "late", "ms", "4"),
    Row("100 × 50/s: CPU of a delta", "paced", "cpu_per_delta", "µs", "route ÷ 2.4"),
    Row("the same, with Postgres", "paced", "cpu_per_delta_with_postgres", "µs", "route ÷ 2.0"),
    Row("50 at once × 500: CPU of a delta", "burst", "cpu_per_delta", "µs", "route ÷ 6"),
    Row("the same, with Postgres", "burst", "cpu_per_delta_with_postgres", "µs", "route ÷ 3.5"),
    Row("memory of an open stream, 1,000 open", "held", "memory", "KB", "15"),
    Row("1 MiB of a finished answer: CPU", "replay", "cpu_of_each", "ms", "3 × nginx"),
    Row("the same, with Postgres", "replay", "cpu_of_each_with_postgres", "ms"),
    Row(
        "100 × 50/s, with and without traces: CPU of a delta",
        "traces",
        "cpu_per_delta",
        "µs",
        "0.95 × traced",
    ),
    Row("300 × 50/s: delay of a delta, median", "saturation", "delay", "ms", "5"),
    Row("the same, 99th percentile", "saturation", "late", "ms", "40"),
    Row("100 sockets × 50/s: CPU of a delta", "websocket", "cpu_per_delta", "µs", "route ÷ 1.4"),
    Row("10,000 idle followers: memory of each", "followers", "held_memory", "KB", "40"),
    Row("a trial of the benchmark itself", "tiny", "cpu_per_delta", "µs"),
)
