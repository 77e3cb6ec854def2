"""`manage.py chat_token USERNAME`: a bearer token for a program."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chat.models import ApiToken, User


class Command(BaseCommand):
    help = "Prints a new bearer token for a user, and nothing else. It is kept nowhere; the admin lists and revokes it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("username")

    def handle(self, *args: Any, username: str, **options: Any) -> None:
        user = User.objects.filter(username=username, is_active=True).first()
        if user is None:
            raise CommandError(
                f"There is no active user {username!r}: `createsuperuser` or the admin makes one."
            )
        self.stdout.write(ApiToken.issue(user, "chat_token"))
