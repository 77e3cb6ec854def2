"""The cells of the matrix, each a Python and a Postgres, and the clone in which the tests of one run."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from chatproject.dev.bootstrap import ROOT
from tests.release import postgres, pythons

# Variables that belong to this process and its environment, not to the clone's.
OWN = ("CHAT_DATA_DIR", "DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV")


class Cell(NamedTuple):
    """The versions of a Python and a Postgres."""

    python: str
    postgres: str

    def __str__(self) -> str:
        return f"Python {self.python}, Postgres {self.postgres}"


def cells(some_pythons: Sequence[str], some_postgres: Sequence[str]) -> list[Cell]:
    """Return the cells of some versions: each with each; without any, each version of both once."""
    if not some_pythons and not some_postgres:
        return [Cell(*pair) for pair in zip(pythons.VERSIONS, postgres.VERSIONS, strict=True)]
    pairs = product(some_pythons or [pythons.RUNNING], some_postgres or postgres.VERSIONS[-1:])
    return [Cell(*pair) for pair in pairs]


def clone(folder: Path) -> Path:
    """Bring a clone of the last commit into `folder`, and return it. What git ignores stays: the clone's environment."""
    for command in (
        ["init", "--quiet"],
        ["fetch", "--quiet", str(ROOT), "HEAD"],
        ["checkout", "--quiet", "--force", "--detach", "FETCH_HEAD"],
    ):
        subprocess.run(["git", "-C", str(folder), *command], check=True)
    return folder


def run(cell: Cell, python: str, arguments: Sequence[str], data_folder: Path) -> bool:
    """Run tests in a clone with a Python's own environment, against a new server. Return whether all passed."""
    folder = data_folder / "matrix"
    home = folder / f"clone-{cell.python}"
    home.mkdir(parents=True, exist_ok=True)
    with postgres.find(cell.postgres, data_folder, folder) as server:
        command = [python, "manage.py", "test", *arguments]
        environment = {name: value for name, value in os.environ.items() if name not in OWN}
        environment |= {"DATABASE_URL": server.url()}
        return subprocess.run(command, cwd=clone(home), env=environment).returncode == 0
