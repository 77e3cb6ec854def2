"""The command `manage.py restore FILE`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from chatproject.backup import restore


class Command(BaseCommand):
    help = "Restores a file of `backup` into an empty database; stop the server first."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--force", action="store_true", help="replace all that is in the database")

    def handle(self, *args: Any, file: Path, force: bool, **options: Any) -> None:
        rows = restore(file, force=force)
        self.stdout.write(
            f"Restored {sum(rows.values())} rows of {len(rows)} tables. `up` applies newer migrations by itself."
        )
