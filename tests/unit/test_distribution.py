"""The distribution of test files to processes."""

from __future__ import annotations

import pytest

from tests import distribution
from tests.distribution import FileDistribution, position

FILES = ["tests/unit/test_a.py", "tests/page/test_b.py", "tests/page/test_c.py", "tests/live/test_d.py"]


def test_files_with_a_browser_share_a_process_on_two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distribution, "BROWSERS", 1)
    scheduler = FileDistribution.__new__(FileDistribution)
    units = [scheduler._split_scope(f"{file}::test_one[x]") for file in FILES]
    assert units[1] == units[2]
    assert len(set(units)) == 3


def test_slow_folders_come_first_and_tests_with_a_browser_last_in_theirs() -> None:
    tests = [("tests/page/test_a.py", ("open_tab", "browser")), *((file, ("live",)) for file in FILES)]
    ordered = sorted(tests, key=lambda test: position(*test))
    assert [file for file, _ in ordered] == [FILES[1], FILES[2], "tests/page/test_a.py", FILES[3], FILES[0]]
