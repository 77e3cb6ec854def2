"""The page with Thesys' own client: installed for CHAT_PAGE=c1 only, and replaced when it is missing."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest

from chat.conf import settings
from chat.web import frontend_build
from chatproject.dev.frontend import node, page, page_build

THEIRS = "@thesysai/genui-sdk"


class Tools:
    """Replacements of npm and Vite that record commands. `offline`: Thesys' packages cannot be installed."""

    def __init__(self) -> None:
        self.ran: list[list[str]] = []
        self.offline = False

    def run(self, command: list[str], work: Path, environ: dict[str, str], seconds: float) -> None:
        self.ran.append(command)
        if self.offline and any(THEIRS in word for word in command):
            raise page_build.BuildFailed("no such package")
        if "build" in command:
            out = Path(environ["CHAT_PAGE_OUT"])
            (out / "assets").mkdir(parents=True)
            (out / "index.html").write_text(f"the page of {environ['CHAT_PAGE']}")

    def installs(self) -> list[list[str]]:
        return [command for command in self.ran if "install" in command]


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch) -> Tools:
    tools = Tools()
    monkeypatch.setattr(page_build, "_run", tools.run)
    monkeypatch.setattr(os, "nice", lambda _: 0)
    monkeypatch.setattr(node, "find", lambda _tools: node.Node(("node",), ("npm",)))
    return tools


def served(build: Path, monkeypatch: pytest.MonkeyPatch) -> str | None:
    monkeypatch.setattr(frontend_build, "settings", dataclasses.replace(settings, page_build=str(build)))
    return frontend_build.html("nonce")


def test_nothing_of_thesys_client_is_in_the_repository() -> None:
    for path, name in page.sources():
        if path.name.startswith("package"):
            assert "thesys" not in path.read_text(), name
            assert "crayon" not in path.read_text(), name


def test_the_default_page_installs_only_its_lock_file(tools: Tools, tmp_path: Path) -> None:
    page_build.ensure(page.folder_of(tmp_path))
    assert tools.ran
    assert tools.installs() == []


def test_thesys_client_is_installed_in_addition_to_the_lock_file_and_runs_no_scripts(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = page.folder_of(tmp_path, page.C1)
    assert build != page.folder_of(tmp_path)
    assert page_build.main(build, page.C1) == 0
    (install,) = tools.installs()
    assert {"--no-save", "--ignore-scripts"} <= set(install)
    assert any(word.startswith(f"{THEIRS}@") for word in install)
    assert served(build, monkeypatch) == "the page of c1"


def test_the_default_page_stands_in_until_thesys_client_can_be_installed(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    build = page.folder_of(tmp_path, page.C1)
    tools.offline = True
    assert page_build.main(build, page.C1) == 0
    assert "CHAT_PAGE=c1 was not built, the default one stays: no such package.\n" in capsys.readouterr().err
    assert served(build, monkeypatch) == "the page of openui"
    assert not page.is_complete(build)
    tools.offline = False
    assert page_build.main(build, page.C1) == 0
    assert served(build, monkeypatch) == "the page of c1"
