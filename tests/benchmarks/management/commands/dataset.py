"""The command `manage.py dataset`: a database full of generated conversations, to view and measure the admin."""

from __future__ import annotations

import argparse
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.models import User
from tests.benchmarks import dataset


class Command(BaseCommand):
    help = "Fills the database with made-up users and conversations; `flush` empties it again, of everything."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument(
            "--messages", type=int, default=1_000_000, help="about so many (default: %(default)s)"
        )
        parser.add_argument(
            "--force",
            action="store_true",
            help="also where real users exist; the made-up ones cannot be told apart later",
        )

    def handle(self, *args: Any, messages: int, force: bool, **options: Any) -> None:
        if messages < 1:
            raise CommandError("--messages must be at least 1.")
        if not force and User.objects.exclude(username="admin").exists():
            raise CommandError("This database has users of its own. --force puts made-up ones among them.")
        began = time.monotonic()
        dataset.make(messages, self.stderr.write)
        self.stdout.write(f"Made in {time.monotonic() - began:.0f} s.")
