"""Few tests that fail beside others alone are named and fail no whole run; more failures do, and so does one that stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatproject.dev import checks

UNSTEADY = """from pathlib import Path
import pytest
@pytest.mark.parametrize("number", range({count}))
def test_once(number):
    before = Path(__file__).with_name(f"{{number}}")
    seen = before.exists()
    before.touch()
    assert seen
"""


def passes(folder: Path, monkeypatch: pytest.MonkeyPatch, source: str, whole: bool = True) -> bool:
    """Run the tests of a source as a project of its own and return whether the run counts as passed."""
    (folder / "test_it.py").write_text(source)
    monkeypatch.setattr(checks, "ROOT", folder)
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    return checks._tests_pass(["-n", "0"], whole)


@pytest.mark.parametrize("count", [1, checks.RUN_AGAIN])
def test_few_tests_that_fail_once_are_run_again_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], count: int
) -> None:
    assert passes(tmp_path, monkeypatch, UNSTEADY.format(count=count))
    assert "Unsteady, to be mended: test_it.py::test_once[0]" in capfd.readouterr().out


def test_more_than_few_failures_fail_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not passes(tmp_path, monkeypatch, UNSTEADY.format(count=checks.RUN_AGAIN + 1))


def test_a_test_that_fails_by_itself_too_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not passes(tmp_path, monkeypatch, "def test_never():\n    assert False\n")


def test_a_part_of_the_tests_is_run_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not passes(tmp_path, monkeypatch, UNSTEADY.format(count=1), whole=False)
