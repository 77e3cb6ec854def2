"""The benchmark: client and model server speak the product's protocols, and a run without fault gives figures."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks import deltas, figures, scale
from tests.benchmarks.load import quantile
from tests.benchmarks.rounds import Runs
from tests.benchmarks.scenarios import BY_NAME, DURABLE, FLOOR, OURS, ROUTE, ROWS
from tests.benchmarks.script import LoadScript
from tests.benchmarks.streams import TEXT, masked, unframed
from tests.live.harness import ROOT, SECRET_KEY, database_url


def result(**changed: Any) -> dict[str, Any]:
    whole = {"n": 2, "ok": 2, "errors": 0, "unfinished": 0, "deltas": 100, "writes": 100, "lat_p50": 1.0}
    return {**whole, "cpu": [0.001], **changed}


def test_a_script_survives_the_name_of_a_model() -> None:
    script = LoadScript(150, 12, 0.02, 0.5)
    assert LoadScript.of(f'"model":"{script.name}"'.encode()) == script


def test_a_name_without_a_script_is_refused() -> None:
    with pytest.raises(ValueError, match="no script"):
        LoadScript.of(b"c1-nightly")


def test_a_delta_is_as_long_as_its_script_says() -> None:
    assert len(LoadScript(1, 40).text(123)) == 40


@pytest.mark.parametrize("size", [0, 1, 125, 126, 70_000 % 65_536])
def test_a_masked_frame_unmasked_is_what_was_sent(size: int) -> None:
    payload = bytes(number % 256 for number in range(size))
    frame = masked(payload, TEXT)
    start = 2 if size < 126 else 4
    key, covered = frame[start : start + 4], frame[start + 4 :]
    assert bytes(byte ^ key[place % 4] for place, byte in enumerate(covered)) == payload


def test_an_incomplete_frame_stays_in_the_buffer() -> None:
    read = bytearray(b"\x81\x05hel")
    assert unframed(read) is None
    read += b"lo\x81\x01!"
    assert unframed(read) == (TEXT, b"hello")
    assert unframed(read) == (TEXT, b"!")


@pytest.mark.parametrize("changed", [{"errors": 1}, {"unfinished": 1}, {"ok": 1}])
def test_a_run_with_an_error_or_an_unfinished_stream_gives_no_figure(changed: dict[str, Any]) -> None:
    assert figures.fault(BY_NAME["burst"], result(**changed))


@pytest.mark.parametrize("changed", [{"lat_p50": 9.0}, {"writes": 70}])
def test_a_paced_run_that_held_deltas_back_gives_no_figure(changed: dict[str, Any]) -> None:
    assert figures.fault(BY_NAME["paced"], result(**changed))
    assert not figures.fault(BY_NAME["paced"], result())
    assert not figures.fault(BY_NAME["paced"], result(**changed), DURABLE)


def test_a_ratio_is_taken_pair_by_pair_and_leaves_faulty_runs_out() -> None:
    ours: list[figures.Result | None] = [result(), None, result(cpu=[0.002])]
    theirs: list[figures.Result | None] = [result(cpu=[0.003]), result(), result(cpu=[0.003])]
    runs = Runs(BY_NAME["burst"], {OURS: ours, ROUTE: theirs})
    assert runs.ratios(ROUTE, "cpu_per_delta") == pytest.approx([1 / 3, 2 / 3])


def test_each_row_of_the_table_is_a_figure_of_a_scenario_and_each_scenario_has_one() -> None:
    assert {row.figure for row in ROWS} == figures.OF.keys()
    assert {row.scenario for row in ROWS} == BY_NAME.keys()


def test_the_median_of_no_values_is_zero() -> None:
    assert quantile([], 0.5) == 0.0
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert figures.spread([]) is None


def test_the_cost_of_a_delta_is_measured_in_every_dialect_and_of_thought(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Each of the 68 runs collects before it counts; with the heap of a test process that takes five seconds.
    monkeypatch.setattr(gc, "collect", int)
    found = {(one.name, one.readers): one for one in deltas.measure(1, 20)}
    assert {(name, readers) for name in deltas.DIALECTS for readers in (1, deltas.SHARED)} < found.keys()
    assert all(one.microseconds > 0 and one.ratio > 0 for one in found.values())
    assert "thought" in deltas.lines([*found.values()])[-1]


@pytest.mark.live
@pytest.mark.long
def test_a_scenario_and_the_admins_pages_are_measured_from_end_to_end(
    live: None, live_database: str, tmp_path: Path
) -> None:
    written = tmp_path / "bench.json"
    options = [
        "--scenario",
        "tiny",
        "--scenario",
        "notified",
        "--scenario",
        "admin",
        "--messages",
        "150",
        "--rounds",
        "1",
    ]
    command = ["-m", "django", "bench", *options, "--json", str(written)]
    environ = {**os.environ, "DATABASE_URL": database_url(live_database), "SECRET_KEY": SECRET_KEY}
    done = subprocess.run([sys.executable, *command], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    result = json.loads(written.read_text())
    pages = {page["name"]: page for page in result["adminPages"]}
    assert {"threads", "messages", "dashboard, 90d", "transcript, the longest thread"} <= pages.keys()
    assert all(page["first"] > 0 and page["again"] > 0 for page in pages.values())
    assert "admin page" in done.stdout
    tiny = result["scenarios"]["tiny"]
    assert tiny["faults"] == []
    assert {side: one["runs"] for side, one in tiny["figures"]["cpu_per_delta"].items()} == {
        OURS: 1,
        FLOOR: 1,
    }
    assert {side: runs[0]["deltas"] for side, runs in tiny["runs"].items()} == {OURS: 2 * 3, FLOOR: 2 * 3}
    assert tiny["runs"][OURS][0]["postgres"] >= 0
    assert all(rate > 0 for one in result["notified"] for rate in one["rates"])
    assert {"processor", "cores", "system", "python"} <= result["machine"].keys()
    assert "a trial of the benchmark itself" in done.stdout


def test_the_page_about_scale_shows_what_the_arithmetic_gives() -> None:
    page = (ROOT / "docs" / "operations" / "scaling.md").read_text()
    assert all(f"| {' | '.join(row)} |" in page for row in scale.rows())


def test_twice_the_readers_need_twice_of_what_each_has_of_its_own() -> None:
    one, two = (scale.needs(readers, scale.Measured()) for readers in (100_000, 200_000))
    assert (two.memory_gb, two.wal_mb, two.network_gbit) == (
        2 * one.memory_gb,
        2 * one.wal_mb,
        2 * one.network_gbit,
    )
    assert two.receiving_cores > 3 * one.receiving_cores


def test_notifications_on_several_channels_reach_fewer_processes() -> None:
    whole, parts = (scale.needs(100_000, scale.Measured(), channels=count) for count in (1, 100))
    assert parts.receiving_cores == pytest.approx(whole.receiving_cores / 100)
