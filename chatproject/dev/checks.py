"""`manage.py test`: linter, formatter, types, import rules, then pytest against a Postgres of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from chatproject.dev import environment
from chatproject.dev.bootstrap import ROOT
from chatproject.dev.postgres.cluster import Postgres

ALL = "--all"  # adds the tests that take minutes
BIN = Path(sys.executable).parent
STEPS: dict[str, list[str]] = {
    "ruff check": [str(BIN / "ruff"), "check", "--quiet"],
    "ruff format": [str(BIN / "ruff"), "format", "--check", "--quiet"],
    "mypy": [sys.executable, "-m", "mypy"],
    "import rules": [str(BIN / "lint-imports"), "--no-logo"],
}
# One process more than cores, for tests of servers wait a third of their time: on two cores three processes took 0.7 of the
# time that two took. The tests of one file share their server, and the order is that of `tests/distribution.py`.
PARALLEL = ["-n", str((os.cpu_count() or 1) + 1), "--dist", "loadfile", "--no-loadscope-reorder"]
# Arguments that choose the processes themselves.
ALONE = (
    "-n",
    "--numprocesses",
    "--dist",
    "--pdb",
    "-p",
    "--co",
    "--collect-only",
    "--lf",
    "--sw",
)

# Failed tests that are run once more, by themselves. Of 7,000, many in a browser or with servers that are killed, one may miss
# a deadline on a busy machine and would hide what the others say. More of them are a fault of the code.
RUN_AGAIN = 2
# Pytest's exit status where tests have run and some of them failed.
TESTS_FAILED = 1

# Variables of a shell or `.env` that no test may see: a key would send tests to a real model.
REAL = ("THESYS_", "C1_", "OPENASSISTANT_", "CHAT_", "ALLOWED_HOSTS", "DEBUG", "SECRET_KEY", "OPENAI_")
KEPT = {"CHAT_DATA_DIR"}


def main(arguments: list[str]) -> int:
    """Run every step, or pytest alone with `arguments`. Return the exit status: 0 when all passed."""
    folder = environment.prepare(os.environ)
    _forget_real_use()
    os.environ["SECRET_KEY"] = "of-tests-alone"
    # Without bytecode each of the many servers under test compiles the whole code: a quarter of a second of CPU.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    partial = [argument for argument in arguments if argument != ALL]
    with _database(folder):
        # Beside the tests, which leave a part of the cores idle; without its cache mypy takes half a minute.
        started = [] if partial else [(name, _start(command)) for name, command in STEPS.items()]
        failed = [] if _tests_pass(arguments, whole=not partial) else ["pytest"]
        failed = [name for name, process in started if not _ended_well(name, process)] + failed
    print(f"Failed: {', '.join(failed)}." if failed else "All passed.", flush=True)
    return int(bool(failed))


def _forget_real_use() -> None:
    for name in [name for name in os.environ if name.startswith(REAL) and name not in KEPT]:
        del os.environ[name]


@contextlib.contextmanager
def _database(folder: Path) -> Iterator[None]:
    """Provide a database for this run. Two runs at once share the server, each with a database name of its own."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    with Postgres(folder / "test", durable=False, fresh=True) as server:
        os.environ["DATABASE_URL"] = server.url(f"chat_{os.getpid()}")
        yield


def _pytest(arguments: list[str]) -> list[str]:
    parallel = [] if any(argument.startswith(ALONE) for argument in arguments) else PARALLEL
    return [sys.executable, "-m", "pytest", *parallel, *arguments]


def _tests_pass(arguments: list[str], whole: bool) -> bool:
    """Run pytest, and what fails of a whole run once more by itself, if it is little; name it."""
    status = _status("pytest", _pytest(arguments))
    failed = _failed_tests() if whole and status == TESTS_FAILED else []
    if not 0 < len(failed) <= RUN_AGAIN:
        return status == 0
    if _status("pytest, failed tests by themselves", [sys.executable, "-m", "pytest", "-n", "0", *failed]):
        return False
    print(f"Unsteady, to be mended: {', '.join(failed)}", flush=True)
    return True


def _failed_tests() -> list[str]:
    """Return the tests that failed in the last run."""
    found = ROOT / ".pytest_cache/v/cache/lastfailed"
    return sorted(json.loads(found.read_text())) if found.exists() else []


def _start(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def _ended_well(name: str, process: subprocess.Popen[str]) -> bool:
    """Wait for a step that was started, and print what it wrote."""
    output, _ = process.communicate()
    print(f"── {name}\n{output}", end="", flush=True)
    return process.returncode == 0


def _status(name: str, command: list[str]) -> int:
    print(f"── {name}", flush=True)
    return subprocess.run(command, cwd=ROOT).returncode
