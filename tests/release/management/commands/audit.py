"""The command `manage.py audit`: known vulnerabilities of the locked packages."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chatproject.dev.frontend.node import NodeMissing
from tests.release import audit


class Command(BaseCommand):
    help = "Asks the package indexes for advisories about every locked package; fails where there are some."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            reports = audit.reports(settings.CHAT_DATA_DIR)
        except NodeMissing as problem:
            raise CommandError(f"npm is missing: {problem}.") from None
        for report in reports:
            self.stdout.write(str(report))
        if missing := [report for report in reports if report.unanswered]:
            self.stdout.write(
                f"{len(missing)} of {len(reports)} locks were not checked wholly: run this where the indexes give advisories."
            )
        if any(report.findings for report in reports):
            raise CommandError("There are advisories: take versions that mend them, see requirements.in.")
