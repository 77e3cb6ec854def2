"""`manage.py retention`: the deletions that the server makes every hour, all of them now."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from chat.accounts import erasure
from chat.governance import retention


class Command(BaseCommand):
    help = "Deletes expired threads and records, by the settings, and continues erasures. A legal hold stops both."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Count only, and delete nothing.")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        if dry_run:
            threads, records = retention.expired_threads().count(), retention.expired_records().count()
            self.stdout.write(f"Would delete: {_counts(threads, records, len(erasure.pending_erasures()))}.")
            return
        threads, records = _all(retention.delete_expired_threads), _all(retention.delete_expired_records)
        users = [user for user in erasure.pending_erasures() if _erased(user)]
        self.stdout.write(f"Deleted: {_counts(threads, records, len(users))}.")


def _counts(threads: int, records: int, users: int) -> str:
    return f"threads {threads}, access records {records}, users {users}"


def _all(step: Any) -> int:
    """Repeat a step, each time in a transaction of its own, until it does nothing. Return the sum of its counts."""
    total = 0
    while True:
        with transaction.atomic():
            done = step()
        if not done:
            return total
        total += done


def _erased(user: int) -> bool:
    finished = False
    while not finished:
        with transaction.atomic():
            finished = erasure.erase_batch(user)
    return True
