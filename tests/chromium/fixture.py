"""The fixture `chromium`: a browser, or one line at the end of the run with the reason why the page was not tested."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NoReturn

import pytest

from chatproject.dev.bootstrap import ROOT, alone
from tests.chromium.choice import NAMES, Chromium, ChromiumMissing, Source, choose, on_path, starts
from tests.chromium.fetch import from_npm, from_playwright, kept_npm, kept_playwright

NOT_TESTED = "the page is not tested"


@pytest.fixture(scope="session")
def chromium() -> Chromium:
    """Provide the browser of this run; tests that need it are skipped where none is available."""
    data_folder = Path(os.environ.get("CHAT_DATA_DIR") or ROOT / ".data")
    try:
        return find(data_folder / "browser", os.environ.get("PYTEST_XDIST_TESTRUNUID", ""))
    except ChromiumMissing as problem:
        skip_page(str(problem))


def skip_page(reason: str) -> NoReturn:
    """Skip a test of the page; all tests skipped for one reason share one line at the end of the run."""
    pytest.skip(f"{NOT_TESTED}: {reason}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report skipped tests of the page from one line of code, so that pytest folds them."""
    report = yield
    if report.skipped and isinstance(report.longrepr, tuple) and NOT_TESTED in report.longrepr[2]:
        report.longrepr = (__file__, 1, report.longrepr[2])
    return report


def find(folder: Path, test_run: str) -> Chromium:
    """Return the browser for tests: an installed one, one kept in `folder`, or a download. Raise ChromiumMissing.

    Of the processes of one test run the first downloads and the others wait; a failure of the first counts for all.
    """
    sources: list[Source] = [partial(on_path, name) for name in NAMES]
    sources += [partial(get, folder) for get in (kept_playwright, kept_npm, from_playwright, from_npm)]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with alone(folder), one_failure(folder / "failure", test_run):
        return choose(sources, starts)


@contextmanager
def one_failure(note: Path, test_run: str) -> Iterator[None]:
    """Raise ChromiumMissing at once where this test run has failed before, and record a failure of this time."""
    failed_run, _, reason = note.read_text().partition("\n") if note.exists() else ("", "", "")
    if test_run and failed_run == test_run:
        raise ChromiumMissing(reason)
    try:
        yield
    except ChromiumMissing as problem:
        note.write_text(f"{test_run}\n{problem}")
        raise
