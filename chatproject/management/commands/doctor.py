"""The command `manage.py doctor`: check everything that goes wrong in practice, and say the remedies."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from typing import Any

from django.conf import settings as django_settings
from django.core.management.base import BaseCommand

from chat.conf import settings
from chatproject.doctor import database, machine, models, public
from chatproject.doctor.findings import Finding


class Command(BaseCommand):
    help = "Checks database, disk, models and the way through a proxy; says what is wrong and what to do about it."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--url", default="", help="public address of the running server")
        parser.add_argument("--processes", type=int, default=1, help="server processes, on all machines")
        parser.add_argument("--no-models", action="store_true", help="ask no model")
        parser.add_argument(
            "--silence", type=float, default=None, help="seconds without a byte that a stream must survive"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        faults = 0
        for finding in _findings(options):
            self.stdout.write(str(finding))
            faults += bool(finding.remedy)
        if not (options["url"] or settings.public_url):
            self.stdout.write("note   public address: not checked, name it with --url while the server runs")
        if faults:
            sys.exit(1)


def _findings(options: dict[str, Any]) -> Iterator[Finding]:
    yield from database.check(options["processes"])
    yield from machine.check(django_settings.CHAT_DATA_DIR)
    if not options["no_models"]:
        yield from asyncio.run(models.check())
    url = options["url"] or settings.public_url
    if url:
        silence = options["silence"]
        yield from public.check(f"{url.rstrip('/')}/", models.silence() if silence is None else silence)
