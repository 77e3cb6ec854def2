"""`manage.py reencrypt`: what is stored encrypted, with the current SECRET_KEY."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError

from chat.accounts.mcp_connections.reencryption import reencrypt_connections


class Command(BaseCommand):
    help = "Encrypts connections to MCP servers and second factors with the current SECRET_KEY, so that former keys can go."

    def handle(self, *args: Any, **options: Any) -> None:
        changed, left = reencrypt_connections()
        if apps.is_installed("allauth.mfa"):
            from chat.sign_in.second_factors import reencrypt_factors  # not at the top: it needs allauth

            changed, left = changed + (factors := reencrypt_factors())[0], left + factors[1]
        self.stdout.write(f"{changed} rows are encrypted with the current key now.")
        if left:
            raise CommandError(
                f"{left} rows could not be: no key in SECRET_KEY_FALLBACKS opens them, or they are in use. "
                "Keep the former keys, and run this again in a minute."
            )
