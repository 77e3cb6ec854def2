"""Rounds of scenarios, with the contestants in turn. Each run has a fresh server, so that no memory is inherited."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec

from chatproject.dev.bootstrap import ROOT
from tests.benchmarks import figures, processes
from tests.benchmarks.contestants import OTHER_CORE, Contestant, Ours
from tests.benchmarks.figures import Result
from tests.benchmarks.replays import Replays
from tests.benchmarks.scenarios import Scenario
from tests.benchmarks.script import LoadScript

LOAD = [sys.executable, "-m", "tests.benchmarks.load"]
# Streams at once for each process before a run: they warm connections, prepared statements, compiled code.
WARM_UP = 50
# Longer than the client's own time limit: beyond it the client hangs.
LOAD_SECONDS = 300.0


@dataclass
class Runs:
    """A scenario's results by contestant; `faults` are the reasons of runs without a figure."""

    scenario: Scenario
    results: dict[str, list[Result | None]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def figures(self, side: str, figure: str) -> list[float]:
        return [figures.OF[figure](result) for result in self.results.get(side, []) if result is not None]

    def ratios(self, side: str, figure: str) -> list[float]:
        """Return the first contestant's figure divided by another's, pair by pair."""
        of = figures.OF[figure]
        pairs = zip(self.results.get(self.scenario.sides[0], []), self.results.get(side, []), strict=False)
        return [of(first) / of(second) for first, second in pairs if first and second and of(second) > 0]


@dataclass(frozen=True, slots=True)
class RunningModel:
    """The port and process of a model server."""

    port: int
    pid: int


@dataclass(frozen=True)
class Bench:
    """The contestants by name, the model server behind them, and the command of the load client."""

    contestants: Mapping[str, Contestant]
    model: RunningModel
    load: Sequence[str]
    rounds: int
    # A backend of the Postgres whose CPU time counts.
    backend: int

    def run(self, scenario: Scenario, say: Callable[[str], None]) -> Runs:
        runs = Runs(scenario)
        taking_part = [self.contestants[side] for side in scenario.sides if side in self.contestants]
        for number in range(self.rounds):
            # The first one meets the machine in another state, so the order alternates.
            for contestant in taking_part[:: -1 if number % 2 else 1]:
                say(f"{scenario.name}, round {number + 1} of {self.rounds}: {contestant.name}")
                result, fault = self._run(scenario, contestant)
                runs.results.setdefault(contestant.name, []).append(result)
                if fault:
                    runs.faults.append(f"{contestant.name}, round {number + 1}: {fault}")
        return runs

    def _run(self, scenario: Scenario, contestant: Contestant) -> tuple[Result | None, str]:
        try:
            with started(contestant, scenario.script), self._pinned_beside(contestant):
                result = self._measured(scenario, contestant)
        except (TimeoutError, RuntimeError, subprocess.TimeoutExpired) as problem:
            return None, str(problem)
        fault = figures.fault(scenario, result, contestant.name)
        return (None, fault) if fault else (result, "")

    @contextmanager
    def _pinned_beside(self, contestant: Contestant) -> Iterator[None]:
        """Bind client and model server to a core of their own; to both cores beside two processes, which then fare alike."""
        others = [os.getpid(), self.model.pid]
        processes.pin(others, *(range(contestant.processes) if contestant.processes > 1 else [OTHER_CORE]))
        try:
            yield
        finally:
            processes.pin(others, OTHER_CORE)

    def _measured(self, scenario: Scenario, contestant: Contestant) -> Result:
        if scenario.replays:
            with Replays(contestant) as replays:
                return self._counted(contestant, lambda: self._replayed(replays, scenario.replays))
        target = ["--port", str(contestant.port)]
        target += [argument for header in contestant.headers for argument in ("--header", header)]
        if scenario.warm:
            script, streams = scenario.script, str(WARM_UP * contestant.processes)
            at_once = ["--n", streams, "--conc", streams, "--expect", str(script.deltas)]
            self._loaded([*target, "--model", script.name, *at_once])
        pids = ",".join(map(str, contestant.pids))
        options = [*target, *self._options(scenario, contestant), "--pids", pids]
        result = self._counted(contestant, lambda: self._loaded(options))
        if scenario.direct:
            straight = ["--direct", "--port", str(self.model.port), *scenario.load()]
            result["direct_ttfb_p50"] = self._loaded(straight)["ttfb_p50"]
        return result

    def _counted(self, contestant: Contestant, work: Callable[[], Result]) -> Result:
        """Return the result of some work, with the CPU seconds that it cost each server process, and Postgres."""
        pids = contestant.pids
        before = [processes.cpu_seconds(pid) for pid in pids]
        postgres = processes.postgres_seconds(self.backend)
        result = work()
        result["cpu"] = [processes.cpu_seconds(pid) - was for pid, was in zip(pids, before, strict=True)]
        stores = isinstance(contestant, Ours)
        result["postgres"] = processes.postgres_seconds(self.backend) - postgres if stores else 0.0
        return result

    def _replayed(self, replays: Replays, times: int) -> Result:
        return {"n": times, "bytes": replays.repeat(times)}

    def _options(self, scenario: Scenario, contestant: Contestant) -> list[str]:
        """Return the load options: streams per process within the open-file limit, HTTP where no WebSocket is served."""
        options = [one for one in scenario.load() if one != "--ws" or contestant.websockets]
        at = options.index("--n") + 1
        options[at] = str(min(int(options[at]) * contestant.processes, processes.file_limit()))
        return options

    def _loaded(self, arguments: Sequence[str]) -> Result:
        """Return the output of the load client. Raise RuntimeError where it is empty."""
        done = subprocess.run(
            [*self.load, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=LOAD_SECONDS
        )
        if not done.stdout:
            raise RuntimeError(f"the load client failed: {done.stderr.strip()[-300:]}")
        return dict(msgspec.json.decode(done.stdout))


@contextmanager
def started(contestant: Contestant, script: LoadScript) -> Iterator[None]:
    """Run a contestant within the block."""
    try:
        contestant.start(script.name)
        yield
    finally:
        contestant.stop()


@contextmanager
def model_server(command: Sequence[str], port: int) -> Iterator[RunningModel]:
    """Run the model server on a port and on the other core within the block."""
    server = subprocess.Popen([*command, str(port)], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        processes.pin([server.pid], OTHER_CORE)
        time.sleep(1)
        if server.poll() is not None:
            raise RuntimeError(f"the model server ended with status {server.returncode}")
        yield RunningModel(port, server.pid)
    finally:
        server.terminate()
        server.wait()
