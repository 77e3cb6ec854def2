"""The distribution of test files to processes."""

from __future__ import annotations

import pytest

from tests import distribution
from tests.distribution import FileDistribution, position

FILES = [
    "tests/unit/test_sse.py",
    "tests/page/test_c1.py",
    "tests/page/test_threads.py",
    "tests/live/test_up.py",
]
WITHOUT_BROWSER = "tests/page/test_build.py"


def test_files_with_a_browser_share_a_process_on_two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "BROWSERS", 1)
    scheduler = FileDistribution.__new__(FileDistribution)
    units = [scheduler._split_scope(f"{file}::test_one[x]") for file in FILES]
    assert units[1] == units[2]
    assert len(set(units)) == 3


def test_a_file_of_the_page_without_a_browser_is_a_unit_of_its_own() -> None:
    scheduler = FileDistribution.__new__(FileDistribution)
    assert scheduler._split_scope(f"{WITHOUT_BROWSER}::test_one") == WITHOUT_BROWSER


def test_slow_folders_come_first_and_tests_with_a_browser_last_in_theirs() -> None:
    files = [WITHOUT_BROWSER, "tests/page/test_visual.py", *FILES]
    tests = [(file, ("browser",) if "visual" in file else ("live",)) for file in files]
    ordered = sorted(tests, key=lambda test: position(*test))
    assert [file for file, _ in ordered] == [*FILES[1:3], files[1], FILES[3], WITHOUT_BROWSER, FILES[0]]
