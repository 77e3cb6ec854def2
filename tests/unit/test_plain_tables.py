"""Tables of the plain page: which columns are aligned as numbers."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chatproject.dev.bootstrap import ROOT
from chatproject.dev.frontend.node import NodeMissing, find

SCRIPTS = ROOT / "chat" / "static" / "chat" / "js"
# Seconds; it takes a tenth on an idle machine.
SECONDS = 60
COLUMNS = {
    "numbers": [412, 358],
    "shares": ["33 %", "+8.5%"],
    "money": ["€ 1,050.00", "–"],
    "days": ["2026-11-30", "2026-12-01"],
    "words": ["North", "9 to 5"],
}
FIGURES = {"numbers", "shares", "money"}

# As much of a document as the renderer of Markdown needs.
DOCUMENT = """
class Element {
  constructor(tag) { this.tag = tag; this.children = []; this.attributes = {}; }
  append(...children) { this.children.push(...children); }
  setAttribute(name, value) { this.attributes[name] = value; }
}
globalThis.document = { createElement: (tag) => new Element(tag) };
const all = (element) => [element, ...(element.children ?? []).flatMap(all)];
"""


def run(program: str) -> Any:
    """Return what a program prints as JSON."""
    try:
        node = find(Path(os.environ.get("CHAT_DATA_DIR") or ROOT / ".data") / "page").node
    except NodeMissing as problem:
        pytest.skip(f"there is no Node: {problem}")
    command = [*node, "--input-type=module", "-e", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=True)
    return json.loads(done.stdout)


def test_columns_of_figures_with_units_are_numbers_too() -> None:
    columns = [{"label": label, "data": data} for label, data in COLUMNS.items()]
    shown = run(f"""import {{ tableBlock }} from "{(SCRIPTS / "tables.js").as_uri()}";
    console.log(JSON.stringify(tableBlock({{ columns: {json.dumps(columns)} }})[0].columns));""")
    assert {column["label"] for column in shown if column["numeric"]} == FIGURES


def test_columns_of_figures_in_markdown_are_numbers_too() -> None:
    rows = [list(COLUMNS), ["---"] * len(COLUMNS), *zip(*COLUMNS.values(), strict=True)]
    text = "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
    shown = run(f"""{DOCUMENT}
    const {{ markdown }} = await import("{(SCRIPTS / "markdown.js").as_uri()}");
    const cells = markdown({json.dumps(text)}).flatMap(all).filter(({{ attributes }}) => attributes?.class === "number");
    console.log(JSON.stringify(cells.map(({{ tag, children }}) => [tag, children.join("")])));""")
    assert {text for tag, text in shown if tag == "th"} == FIGURES
    assert len(shown) == 3 * len(FIGURES)
