"""The command `manage.py backup FILE`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from chatproject.backup import back_up


class Command(BaseCommand):
    help = "Writes the whole database into one file, and verifies it by restoring it into a scratch database."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        rows = back_up(file)
        size = file.stat().st_size / 1e6
        self.stdout.write(
            f"{file}: {size:.1f} MB, {sum(rows.values())} rows of {len(rows)} tables, restored once."
        )
