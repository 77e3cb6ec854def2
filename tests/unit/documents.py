"""Access to the documentation: sections, tables, headings and links of its Markdown files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from chatproject.dev.bootstrap import ROOT

DOCS = ROOT / "docs"
FILES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])

Row = list[str]

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Document:
    """One Markdown file."""

    path: Path

    @property
    def name(self) -> str:
        return str(self.path.relative_to(ROOT))

    @property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def prose(self) -> str:
        """Return the text without its blocks of code."""
        return _FENCE.sub("", self.text)

    def blocks(self, language: str) -> list[str]:
        """Return the blocks of code in a language."""
        return re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.MULTILINE | re.DOTALL)

    def links(self) -> list[str]:
        """Return the targets of all links and pictures."""
        return _LINK.findall(self.prose)

    def anchors(self) -> set[str]:
        """Return the anchors of all headings, as GitHub makes them."""
        return {_anchor(heading) for heading in _HEADING.findall(self.prose)}

    def rows(self, head: str) -> list[Row]:
        """Return the rows of every table whose first column is headed `head`."""
        rows, inside = [], False
        for line in self.prose.splitlines():
            inside = line.startswith(f"| {head} |") or (inside and line.startswith("|"))
            if inside:
                rows.append([cell.strip() for cell in line.strip().strip("|").split(" | ")])
        assert rows, f"{self.name} has no table that begins with {head!r}"
        return [row for row in rows if row[0] != head and not row[0].startswith("---")]

    def names(self, head: str) -> set[str]:
        """Return all names in the first column of the tables headed `head`."""
        return {name for row in self.rows(head) for name in code(row[0])}

    def assert_names(self, written: set[str], real: set[str]) -> None:
        """Fail with the names to add to this file or to remove from it."""
        missing, stale = sorted(real - written), sorted(written - real)
        assert not missing, f"{self.name}: add " + "\n".join(["", *missing])
        assert not stale, f"{self.name}: remove " + "\n".join(["", *stale])


def page(name: str) -> Document:
    """Return the page `name` of the folder docs."""
    return Document(DOCS / name)


def code(cell: str) -> list[str]:
    """Return the code in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-")
