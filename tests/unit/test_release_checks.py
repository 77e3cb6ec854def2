"""`manage.py matrix` and `manage.py audit`: the pairs that run, and what the tools' answers mean."""

from __future__ import annotations

import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.release import audit, matrix, postgres, pythons

# As `npm audit --json` prints it.
ADVISORY = {
    "name": "left",
    "range": "<2",
    "title": "Reads too far",
    "url": "https://example.org/advisory",
}
NPM_FINDINGS = {"vulnerabilities": {"left": {"via": [ADVISORY]}, "right": {"via": ["left"]}}}
# As `pip-audit --format=json` prints it.
PIP_FINDINGS = {
    "dependencies": [
        {"name": "fine", "version": "1.0", "vulns": []},
        {"name": "bad", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"]}]},
        {"name": "private", "skip_reason": "not found"},
    ]
}

# A version that this process has not.
OTHER = next(version for version in pythons.VERSIONS if version != pythons.RUNNING)


@pytest.fixture(autouse=True)
def _no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "RELEASES", {})


def put(folder: Path, script: str) -> str:
    """Make a program that stands for a Python."""
    program = folder / f"python{OTHER}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


def ended(output: object, error: str = "") -> CompletedProcess[str]:
    return CompletedProcess([], 1, json.dumps(output) if output else "", error)


def test_the_usual_cells_have_each_python_and_each_postgres_once() -> None:
    cells = matrix.cells([], [])
    assert [cell.python for cell in cells] == list(pythons.VERSIONS)
    assert [cell.postgres for cell in cells] == list(postgres.VERSIONS)


def test_chosen_versions_run_each_with_each() -> None:
    assert matrix.cells(["3.13", "3.14"], ["15"]) == [("3.13", "15"), ("3.14", "15")]
    assert matrix.cells([], ["15"]) == [(pythons.RUNNING, "15")]


def test_a_python_on_the_path_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program = put(tmp_path, "exit 0")
    assert pythons.find(OTHER, tmp_path) == program


def test_a_program_on_the_path_that_does_not_start_is_no_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    put(tmp_path, "exit 127")
    with pytest.raises(pythons.PythonMissing):
        pythons.find(OTHER, tmp_path)


def test_a_python_that_no_package_has_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(pythons.PythonMissing, match=f"put a python{OTHER} on the PATH"):
        pythons.find(OTHER, tmp_path)


def test_advisories_of_pip_are_findings_and_packages_without_an_answer_are_counted() -> None:
    report = audit.read_pip("lock", ended(PIP_FINDINGS))
    assert report.findings == ["bad 1.0: PYSEC-1, mended in 1.1"]
    assert report.unanswered == "the index says nothing about 1 of 3 packages"


def test_an_advisory_of_npm_is_one_finding_however_many_packages_have_it() -> None:
    report = audit.read_npm("lock", ended(NPM_FINDINGS))
    assert report.findings == ["left <2: Reads too far, https://example.org/advisory"]
    assert not report.unanswered


def test_a_registry_without_advisories_is_no_finding_and_is_said() -> None:
    refused = {"message": "405 Method Not Allowed", "error": {"summary": ""}}
    assert str(audit.read_npm("lock", ended(refused))) == (
        "lock: not checked, npm audit failed: 405 Method Not Allowed"
    )
    assert str(audit.read_pip("lock", ended(None, "first\nno network"))) == (
        "lock: not checked, pip-audit failed: no network"
    )


def test_a_lock_without_advisories_is_said_to_have_none() -> None:
    assert str(audit.read_npm("lock", ended({"vulnerabilities": {}}))) == "lock: no advisories"
