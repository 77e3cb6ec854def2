"""Tables of the plain page: which columns are aligned as numbers."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from chatproject.dev.bootstrap import ROOT
from chatproject.dev.frontend.node import NodeMissing, find

TABLES = ROOT / "chat" / "static" / "chat" / "js" / "tables.js"
# Seconds; it takes a tenth on an idle machine.
SECONDS = 60
COLUMNS = {
    "numbers": [412, 358],
    "shares": ["33 %", "+8.5%"],
    "money": ["€ 1,050.00", "–"],
    "days": ["2026-11-30", "2026-12-01"],
    "words": ["North", "9 to 5"],
}


def test_columns_of_figures_with_units_are_numbers_too() -> None:
    try:
        node = find(Path(os.environ.get("CHAT_DATA_DIR") or ROOT / ".data") / "page").node
    except NodeMissing as problem:
        pytest.skip(f"there is no Node: {problem}")
    columns = [{"label": label, "data": data} for label, data in COLUMNS.items()]
    program = f"""import {{ tableBlock }} from "{TABLES.as_uri()}";
    console.log(JSON.stringify(tableBlock({{ columns: {json.dumps(columns)} }})[0].columns));"""
    done = subprocess.run(
        [*node, "--input-type=module", "-e", program],
        capture_output=True, text=True, timeout=SECONDS, check=True,
    )  # fmt: skip
    numeric = {column["label"] for column in json.loads(done.stdout) if column["numeric"]}
    assert numeric == {"numbers", "shares", "money"}
