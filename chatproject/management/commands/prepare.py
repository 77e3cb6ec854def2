"""The command `manage.py prepare`: bring the database to the state that `up` serves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from chat.db import health
from chatproject.dev.environment import generated
from chatproject.dev.up import PASSWORD

# "chat" in ASCII, the key of an advisory lock: of several `up` at once, one migrates and the others wait.
LOCK = 0x63686174


class Command(BaseCommand):
    help = "Applies migrations, and makes the account `admin` at the first start."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        health.check_pooler()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        _migrate()
        _make_admin(settings.CHAT_DATA_DIR / PASSWORD)
        connection.close()  # releases the lock


def _migrate() -> None:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def _make_admin(password: Path) -> None:
    """Create the account `admin` once. An `admin` deleted while another superuser exists was deleted on purpose."""
    users = get_user_model().objects
    if users.filter(username="admin").exists() or (
        password.exists() and users.filter(is_superuser=True).exists()
    ):
        return
    users.create_superuser("admin", password=generated(password))
