"""`manage.py chat_token USERNAME`: a bearer token for a program."""

from __future__ import annotations

import argparse
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from chat.models import ALL_SCOPES, ApiToken, User

# Ten years; a token for longer is one without an end.
LONGEST_DAYS = 3_650


class Command(BaseCommand):
    help = "Prints a new bearer token for a user, and nothing else. It is kept nowhere; the admin lists and revokes it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument(
            "--scope", action="append", choices=ALL_SCOPES, help="of the token; repeatable (default: all)"
        )
        parser.add_argument("--days", type=_days, help="for which it is valid (default: without an end)")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(
                f"There is no active user {username!r}: `createsuperuser` or the admin makes one."
            )
        days = options["days"]
        end = timezone.now() + timedelta(days=days) if days else None
        self.stdout.write(ApiToken.issue(user, "chat_token", options["scope"] or ALL_SCOPES, end))


def _days(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= LONGEST_DAYS:
        raise argparse.ArgumentTypeError(f"must be from 1 to {LONGEST_DAYS}")
    return int(text)
