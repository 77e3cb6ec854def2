"""The command `manage.py matrix`: tests with other versions of Python and Postgres."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chatproject.dev.frontend.node import NodeMissing
from chatproject.dev.frontend.page_build import BuildFailed
from tests.release import matrix, postgres, pythons
from tests.release.matrix import Cell

USUAL = ["tests/unit", "tests/contract"]


class Command(BaseCommand):
    help = "Runs tests of the last commit with each version of Python and of Postgres, each in a clone of its own."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        each = "with each of the other's; may be repeated (default: each version of both once)"
        parser.add_argument(
            "--python", action="append", default=[], choices=pythons.VERSIONS, help=f"a Python, {each}"
        )
        parser.add_argument(
            "--postgres", action="append", default=[], choices=postgres.VERSIONS, help=f"a Postgres, {each}"
        )
        parser.add_argument(
            "arguments",
            nargs=argparse.REMAINDER,
            help=f"of `manage.py test` (default: {' '.join(USUAL)})",
        )

    def handle(self, *args: Any, arguments: list[str], **options: Any) -> None:
        chosen = matrix.cells(options["python"], options["postgres"])
        results = [result for cell in chosen for result in self._results(cell, arguments or USUAL)]
        for cell, result in results:
            self.stdout.write(f"{cell}: {result}")
        ran = [result for _, result in results if not result.startswith("not run")]
        if not ran or any(result.startswith("failed") for result in ran):
            raise CommandError("Not all passed." if ran else "Nothing was run.")

    def _results(self, cell: Cell, arguments: list[str]) -> Iterator[tuple[Cell, str]]:
        """Yield the result of a cell. Where its Python is missing, this process's own stands in for it."""
        folder = settings.CHAT_DATA_DIR / "matrix"
        try:
            python = pythons.find(cell.python, folder)
        except pythons.PythonMissing as reason:
            yield cell, f"not run: {reason}"
            cell = Cell(pythons.RUNNING, cell.postgres)
            python = pythons.find(cell.python, folder)
        self.stdout.write(f"── {cell}")
        self.stdout.flush()
        yield cell, self._result(cell, python, arguments)

    def _result(self, cell: Cell, python: str, arguments: list[str]) -> str:
        began = time.monotonic()
        try:
            passed = matrix.run(cell, python, arguments, settings.CHAT_DATA_DIR)
        except (NodeMissing, BuildFailed, OSError) as problem:
            return f"not run: {problem}"
        return f"{'passed' if passed else 'failed'} after {time.monotonic() - began:.0f} s"
