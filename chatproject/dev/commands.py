"""Gives each command what it needs: its environment, and the database running while it works."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import MutableMapping
from pathlib import Path
from typing import NoReturn

from chatproject.dev import environment
from chatproject.dev.bootstrap import ROOT
from chatproject.dev.postgres.cluster import Postgres

HELP = {"-h", "--help", "--version"}
WITHOUT_DATABASE = HELP | {
    "help",
    "version",
    "check",
    "collectstatic",
    "diffsettings",
    "findstatic",
    "makemessages",
}
MAKING_TABLES = {"migrate", "flush", "sqlflush", "makemigrations"}  # need none to be there


def run(argv: list[str]) -> None:
    """Carry out `manage.py argv[1] …`."""
    name, arguments = (argv[1], argv[2:]) if len(argv) > 1 else ("help", [])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
    signal.signal(signal.SIGTERM, _exit_on_signal)
    if name == "test":
        from chatproject.dev import checks

        sys.exit(checks.main(arguments))
    folder = environment.prepare(os.environ)
    if name == "up":
        from chatproject.dev import up

        signal.signal(signal.SIGINT, _exit_on_signal)
        sys.exit(up.main(arguments, folder))
    environment.provide_secret_key(os.environ, folder)
    _django(argv, name, folder)


def _django(argv: list[str], name: str, folder: Path) -> None:
    server = choose_database(os.environ, folder)
    needed = name not in WITHOUT_DATABASE and not HELP & set(argv)
    with server if server and needed else contextlib.nullcontext():
        if server and server.created and name not in MAKING_TABLES:
            subprocess.run([sys.executable, "-m", "django", "prepare"], cwd=ROOT, check=True)
        from django.core.management import execute_from_command_line

        execute_from_command_line(argv)


def _exit_on_signal(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)  # through every `finally`: the database must stop if this process started it


def choose_database(environ: MutableMapping[str, str], folder: Path) -> Postgres | None:
    """Have DATABASE_URL name the user's own database, or else the embedded one, which is returned and not yet started."""
    if environ.get("DATABASE_URL"):
        return None
    server = Postgres(folder)
    environ["DATABASE_URL"] = server.url()
    return server
