"""The type declarations of the TypeScript client: those that its sources have."""

from __future__ import annotations

import subprocess
from pathlib import Path

from chatproject.dev.bootstrap import ROOT
from chatproject.dev.frontend import node

CLIENT = ROOT / "chat" / "clients" / "typescript"


def contents(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_declarations_are_those_of_the_sources(built_page: Path, tmp_path: Path) -> None:
    compiler = built_page.parent / "work" / "page" / "node_modules" / "typescript" / "bin" / "tsc"
    command = [
        *node.find(built_page.parent).node,
        str(compiler),
        "-p",
        str(CLIENT),
        "--outDir",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert contents(tmp_path) == contents(CLIENT / "types")
