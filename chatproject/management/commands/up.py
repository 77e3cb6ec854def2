"""An entry for `manage.py help`: the command itself works before Django can be imported."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chatproject.dev import up


class Command(BaseCommand):
    help = "Starts the chat server and everything it needs."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        up.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("Start it as `python3 manage.py up`.")
