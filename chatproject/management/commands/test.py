"""An entry for `manage.py help`: the command itself runs pytest in processes of its own, without Django."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = "Runs linter, formatter, types, import rules and pytest; with arguments, pytest alone."

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError("Start it as `python3 manage.py test [pytest arguments]`.")
