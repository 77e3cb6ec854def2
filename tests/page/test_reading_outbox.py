"""The outbox of the page as a state machine: random faults, reloads and tabs, in Node and without a browser."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from chatproject.dev.frontend import node
from tests.page.bundles import bundled

SCRIPT = Path(__file__).parent / "outbox_runs.mjs"
RUNS = 200


def test_random_faults_reloads_and_tabs_lose_double_and_swap_nothing(
    built_page: Path, tmp_path: Path
) -> None:
    tools = node.find(built_page.parent)
    bundle = bundled(built_page, ["state/outbox"], tmp_path / "outbox.mjs")
    command = [*tools.node, str(SCRIPT), str(bundle), str(RUNS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    *broken, summary = (json.loads(line) for line in done.stdout.splitlines())
    assert broken == []
    # Each number of a run is played twice: prompts alone, and with edits and withdrawals.
    assert summary["runs"] == 2 * RUNS
    assert summary["sent"] > 5 * RUNS
