"""The TypeScript client's own tests, run by Node."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from chatproject.dev.bootstrap import ROOT
from chatproject.dev.frontend.node import NodeMissing, find

PROGRAM = Path(__file__).with_name("chat_client.test.mjs")
# Seconds; it takes two on an idle machine.
SECONDS = 300


def test_the_typescript_client_passes_its_tests() -> None:
    try:
        node = find(Path(os.environ.get("CHAT_DATA_DIR") or ROOT / ".data") / "page").node
    except NodeMissing as problem:
        pytest.skip(f"there is no Node: {problem}")
    done = subprocess.run(
        [*node, "--test", str(PROGRAM)], capture_output=True, text=True, timeout=SECONDS, cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout
