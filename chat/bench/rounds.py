"""Runs scenarios in rounds, the contestants in turn: each run on a server of its own, so that none inherits memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec

from chat.bench import figures, processes
from chat.bench.contestants import OTHER_CORE, Contestant
from chat.bench.figures import Result
from chat.bench.scenarios import Scenario
from chat.bench.script import Script
from chatproject.dev.bootstrap import ROOT

LOAD = [sys.executable, "-m", "chat.bench.load"]
WARM_UP = 50  # streams at once for each process: connections, prepared statements, compiled code
LOAD_SECONDS = 300.0  # beyond the client's own time limit: it hangs


@dataclass
class Runs:
    """A scenario's results, by contestant. `faults` say why runs gave no figure."""

    scenario: Scenario
    results: dict[str, list[Result | None]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def figures(self, name: str) -> list[float]:
        figure = figures.OF[self.scenario.figure]
        return [figure(result) for result in self.results.get(name, []) if result is not None]

    @property
    def ratios(self) -> list[float]:
        """The second side's figure over the first one's, pair by pair: how many times better the first is."""
        if len(self.results) < 2:
            return []
        figure = figures.OF[self.scenario.figure]
        pairs = zip(*(self.results[side] for side in self.scenario.sides), strict=True)
        return [
            figure(second) / figure(first)
            for first, second in pairs
            if first and second and figure(first) > 0
        ]


@dataclass(frozen=True, slots=True)
class ModelServer:
    """One that runs."""

    port: int
    pid: int


@dataclass(frozen=True)
class Bench:
    """The contestants by name, the model server behind them, and what loads them."""

    contestants: Mapping[str, Contestant]
    model: ModelServer
    load: Sequence[str]
    rounds: int

    def run(self, scenario: Scenario, say: Callable[[str], None]) -> Runs:
        runs = Runs(scenario)
        taking_part = [self.contestants[side] for side in scenario.sides if side in self.contestants]
        for number in range(self.rounds):
            # Whoever is first meets a machine in another state: they change places.
            for contestant in taking_part[:: -1 if number % 2 else 1]:
                say(f"{scenario.name}, round {number + 1} of {self.rounds}: {contestant.name}")
                result, fault = self._run(scenario, contestant)
                runs.results.setdefault(contestant.name, []).append(result)
                if fault:
                    runs.faults.append(f"{contestant.name}, round {number + 1}: {fault}")
        return runs

    def _run(self, scenario: Scenario, contestant: Contestant) -> tuple[Result | None, str]:
        try:
            with started(contestant, scenario.script), self._beside(contestant):
                result = self._measured(scenario, contestant)
        except (TimeoutError, RuntimeError, subprocess.TimeoutExpired) as problem:
            return None, str(problem)
        fault = figures.fault(scenario, result)
        return (None, fault) if fault else (result, "")

    @contextmanager
    def _beside(self, contestant: Contestant) -> Iterator[None]:
        """Client and model server on a core of their own; beside two processes on both cores, or one would come off worse."""
        others = [os.getpid(), self.model.pid]
        processes.pin(others, *(range(contestant.processes) if contestant.processes > 1 else [OTHER_CORE]))
        try:
            yield
        finally:
            processes.pin(others, OTHER_CORE)

    def _measured(self, scenario: Scenario, contestant: Contestant) -> Result:
        target = ["--port", str(contestant.port)]
        target += [argument for header in contestant.headers for argument in ("--header", header)]
        if scenario.figure not in ("memory", "held_memory"):
            script, streams = scenario.script, str(WARM_UP * contestant.processes)
            at_once = ["--n", streams, "--conc", streams, "--expect", str(script.deltas)]
            self._loaded([*target, "--model", script.name, *at_once])
        pids = contestant.pids
        before = [processes.cpu_seconds(pid) for pid in pids]
        result = self._loaded(
            [*target, *self._options(scenario, contestant), "--pids", ",".join(map(str, pids))]
        )
        result["cpu"] = [processes.cpu_seconds(pid) - was for pid, was in zip(pids, before, strict=True)]
        if scenario.figure == "first_byte":
            straight = ["--direct", "--port", str(self.model.port), *scenario.load()]
            result["direct_ttfb_p50"] = self._loaded(straight)["ttfb_p50"]
        return result

    def _options(self, scenario: Scenario, contestant: Contestant) -> list[str]:
        """As many streams for each process, fewer where fewer files may be open; HTTP where there are no WebSockets."""
        options = [one for one in scenario.load() if one != "--ws" or contestant.websockets]
        at = options.index("--n") + 1
        options[at] = str(min(int(options[at]) * contestant.processes, processes.file_limit()))
        return options

    def _loaded(self, arguments: Sequence[str]) -> Result:
        """What the load client prints. Raises RuntimeError where it prints nothing."""
        done = subprocess.run(
            [*self.load, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=LOAD_SECONDS
        )
        if not done.stdout:
            raise RuntimeError(f"the load client failed: {done.stderr.strip()[-300:]}")
        return dict(msgspec.json.decode(done.stdout))


@contextmanager
def started(contestant: Contestant, script: Script) -> Iterator[None]:
    """A contestant, running meanwhile."""
    try:
        contestant.start(script.name)
        yield
    finally:
        contestant.stop()


@contextmanager
def model_server(command: Sequence[str], port: int) -> Iterator[ModelServer]:
    """The model server on a port, running meanwhile on the other core."""
    server = subprocess.Popen([*command, str(port)], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        processes.pin([server.pid], OTHER_CORE)
        time.sleep(1)
        if server.poll() is not None:
            raise RuntimeError(f"the model server ended with status {server.returncode}")
        yield ModelServer(port, server.pid)
    finally:
        server.terminate()
        server.wait()
