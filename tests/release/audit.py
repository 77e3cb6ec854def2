"""Known vulnerabilities of the packages in every lock, asked of the package indexes by `pip-audit` and `npm audit`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatproject.dev.bootstrap import ROOT
from chatproject.dev.frontend import node

PYTHON_LOCK, NODE_LOCK = "requirements.txt", "package-lock.json"
PIP_AUDIT = ["--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json"]
NPM_AUDIT = ["audit", "--json", "--package-lock-only"]


@dataclass(frozen=True)
class Report:
    """The advisories about a lock. `unanswered`: why some packages could not be checked; "" if all were."""

    lock: str
    findings: Sequence[str] = ()
    unanswered: str = ""

    def __str__(self) -> str:
        found = [f"{self.lock}: {finding}" for finding in self.findings]
        missing = [f"{self.lock}: not checked, {self.unanswered}"] if self.unanswered else []
        return "\n".join([*found, *missing] or [f"{self.lock}: no advisories"])


def locks(name: str) -> list[Path]:
    """Return all files of a name, but for those of installed packages and in hidden folders."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one != "node_modules")
        found += [Path(folder, name)] if name in names else []
    return found


def reports(data_folder: Path) -> list[Report]:
    """Ask about every lock. Raise NodeMissing."""
    npm = node.find(data_folder / "page").npm
    return [
        *(_of_pip(lock) for lock in locks(PYTHON_LOCK)),
        *(_of_npm(lock, npm) for lock in locks(NODE_LOCK)),
    ]


def _of_pip(lock: Path) -> Report:
    output = _run([sys.executable, "-m", "pip_audit", *PIP_AUDIT, "-r", str(lock)], ROOT)
    return read_pip(lock.relative_to(ROOT).as_posix(), output)


def _of_npm(lock: Path, npm: Sequence[str]) -> Report:
    return read_npm(lock.relative_to(ROOT).as_posix(), _run([*npm, *NPM_AUDIT], lock.parent))


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def read_pip(lock: str, done: subprocess.CompletedProcess[str]) -> Report:
    """Read the output of `pip-audit`, which skips packages that the index says nothing about."""
    answer = _parsed(done.stdout)
    if "dependencies" not in answer:
        return Report(lock, unanswered=f"pip-audit failed: {_last_line(done.stderr)}")
    packages = answer["dependencies"]
    findings = [
        f"{package['name']} {package['version']}: {one['id']}, {_remedy(one['fix_versions'])}"
        for package in packages
        for one in package.get("vulns", ())
    ]
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    return Report(
        lock,
        findings,
        f"the index says nothing about {len(skipped)} of {len(packages)} packages" if skipped else "",
    )


def read_npm(lock: str, done: subprocess.CompletedProcess[str]) -> Report:
    """Read the output of `npm audit`, which fails as a whole where the registry gives no advisories."""
    answer = _parsed(done.stdout)
    if "vulnerabilities" not in answer:
        reason = answer.get("message") or _last_line(done.stderr)
        return Report(lock, unanswered=f"npm audit failed: {reason}")
    advisories = {
        f"{one['name']} {one['range']}: {one['title']}, {one['url']}"
        for package in answer["vulnerabilities"].values()
        for one in package["via"]
        if isinstance(one, dict)  # else the name of a package that has the advisory
    }
    return Report(lock, sorted(advisories))


def _parsed(output: str) -> dict[str, Any]:
    """Return the object in the output of a program; an empty one where that is none."""
    try:
        parsed = json.loads(output)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _remedy(versions: Sequence[str]) -> str:
    return f"mended in {', '.join(versions)}" if versions else "not mended yet"


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it said nothing"])[-1]
