"""The table of settings in docs/reference/settings.md, generated from `chat.conf`.

`python -m tests.unit.settings_page` writes it; `test_docs_pages.py` fails where it is out of date.
"""

from __future__ import annotations

from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from chatproject.dev.bootstrap import ROOT
from chatproject.server_settings import ServerSettings

PAGE = ROOT / "docs" / "reference" / "settings.md"
BEGIN, END = "<!-- generated -->\n", "<!-- end of generated -->\n"


def render(page: str) -> str:
    """Return the page with its generated part made anew."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{_table()}{END}{after}"


def _table() -> str:
    rows = ["| name | default | unit | meaning |", "|---|---|---|---|", *map(_row, fields(ServerSettings))]
    return "\n" + "\n".join(rows) + "\n\n"


def _row(entry: Field[Any]) -> str:
    name, unit, reason = (entry.metadata[key] for key in ("name", "unit", "reason"))
    return f"| `{name}` | {_default(entry.default)} | {unit} | {reason} |"


def _default(value: Any) -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case Path():
            value = value.as_posix()
        case tuple():
            value = ",".join(value)
        case float():
            value = f"{value:g}"
    return f"`{value}`" if str(value) else "–"


if __name__ == "__main__":
    PAGE.write_text(render(PAGE.read_text()))
