"""The lists of packages and their locks: reasoned, pinned, without hosts, agreeing, and complete for what is imported."""

from __future__ import annotations

import json
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from chatproject.dev.bootstrap import LOCK, ROOT, TEST_LOCK
from tests.release.audit import NODE_LOCK, PYTHON_LOCK, locks

BOTH = (LOCK, TEST_LOCK)
PYTHON_LOCKS, NODE_LOCKS = locks(PYTHON_LOCK), locks(NODE_LOCK)
# What a package.json names: packages, and versions of packages that others bring.
NAMING = ("dependencies", "devDependencies", "overrides")


def short(lock: Path) -> str:
    return lock.relative_to(ROOT).as_posix()


def test_the_locks_are_found() -> None:
    assert {*BOTH} < {*PYTHON_LOCKS}
    assert ROOT / "chat" / "page" / "package-lock.json" in NODE_LOCKS


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=short)
def test_a_lock_pins_hashes_and_names_no_host(lock: Path) -> None:
    text = lock.read_text()
    pins = re.findall(r"^[a-z0-9]\S*==\S+.* \\\n    --hash=sha256:", text, re.MULTILINE)
    assert len(pins) == len(re.findall(r"^[a-z0-9]", text, re.MULTILINE)) > 0
    assert "://" not in text


@pytest.mark.parametrize("lock", NODE_LOCKS, ids=short)
def test_a_lock_of_npm_has_a_hash_for_each_package_and_names_no_host(lock: Path) -> None:
    packages = [package for name, package in json.loads(lock.read_text())["packages"].items() if name]
    assert packages
    assert [one for one in packages if not one["integrity"].startswith("sha512-") or "resolved" in one] == []


@pytest.mark.parametrize("lock", PYTHON_LOCKS, ids=short)
def test_each_package_of_a_list_has_its_reason(lock: Path) -> None:
    lines = lock.with_suffix(".in").read_text().splitlines()
    packages = [line for line in lines if line[:1].isalnum()]
    assert packages
    assert [line for line in packages if not line.partition(" # ")[2].strip()] == []


@pytest.mark.parametrize("lock", NODE_LOCKS, ids=short)
def test_each_package_of_a_list_of_npm_has_its_reason(lock: Path) -> None:
    listed = json.loads(lock.with_name("package.json").read_text())
    assert {name for group in NAMING for name in listed.get(group, ())} == listed["//"].keys()
    assert all(listed["//"].values())


def test_a_package_in_both_locks_has_one_version() -> None:
    server, tests = (
        dict(re.findall(r"^([a-z0-9]\S*)==(\S+)", lock.read_text(), re.MULTILINE)) for lock in BOTH
    )
    both = server.keys() & tests.keys()
    assert both
    assert {name: server[name] for name in both} == {name: tests[name] for name in both}


# By a pattern: to parse all sources takes some seconds. The linter has one module in a line.
IMPORTED = re.compile(r"^\s*(?:import (\w+)|from (\w+)[\w.]* import\b)", re.MULTILINE)

# Packages of their own, each with a list of what it needs.
CLIENTS = ROOT / "chat" / "clients"


@pytest.mark.parametrize(
    ("folders", "lists"),
    [
        (("chat", "chatproject"), ("requirements.in",)),
        (("tests",), ("requirements.in", "tests/requirements.in")),
    ],
)
def test_each_imported_package_is_declared(folders: tuple[str, ...], lists: tuple[str, ...]) -> None:
    owners = metadata.packages_distributions()
    declared = _declared(lists) | _extras()
    used = [module for module in _imported(folders) if module in owners]
    assert len(used) > 5
    assert [module for module in used if not declared & {_plain(one) for one in owners[module]}] == []


def _plain(package: str) -> str:
    return re.sub("[._]", "-", package.lower())


def _extras() -> set[str]:
    """Return the packages that are wanted only for a setting which is off by default."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    return {re.split("[<>=]", package)[0] for package in extras["otlp"]}


def _imported(folders: tuple[str, ...]) -> set[str]:
    """Return the top-level modules that the sources of `folders` import."""
    found = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        if path.is_relative_to(CLIENTS):
            continue
        found |= {module for names in IMPORTED.findall(path.read_text()) for module in names if module}
    return found


def _declared(lists: tuple[str, ...]) -> set[str]:
    text = "".join((ROOT / name).read_text() for name in lists)
    return set(re.findall(r"^[a-z][a-z0-9-]*", text, re.MULTILINE))
