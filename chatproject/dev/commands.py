"""The preparation of each command: its environment, and a running database."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from chatproject.dev import checks, environment, external_database, up
from chatproject.dev.bootstrap import ROOT
from chatproject.dev.postgres.cluster import choose_database

HELP = {"-h", "--help", "--version"}
WITHOUT_DATABASE = HELP | {
    "help",
    "version",
    "check",
    "collectstatic",
    "diffsettings",
    "findstatic",
    "makemessages",
    "matrix",
    "audit",
}
# Commands that expect a database without tables.
MAKING_TABLES = {"migrate", "flush", "sqlflush", "makemigrations", "restore"}


def run(argv: list[str]) -> None:
    """Run `manage.py argv[1] …`."""
    name, arguments = (argv[1], argv[2:]) if len(argv) > 1 else ("help", [])
    signal.signal(signal.SIGTERM, _exit_on_signal)
    if name == "test":
        sys.exit(checks.main(arguments))
    folder = environment.prepare(os.environ)
    if name == "up":
        if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
            signal.signal(signal.SIGINT, _exit_on_signal)
        sys.exit(up.main(arguments, folder))
    environment.provide_secret_key(os.environ, folder)
    _django(argv, name, folder)


def _django(argv: list[str], name: str, folder: Path) -> None:
    server = choose_database(os.environ, folder)
    needed = name not in WITHOUT_DATABASE and not HELP & set(argv)
    if needed and server is None:
        external_database.check(os.environ)
    with server if server and needed else contextlib.nullcontext():
        if server and server.created and name not in MAKING_TABLES:
            subprocess.run(
                [sys.executable, "-m", "chatproject.dev.commands", "prepare"], cwd=ROOT, check=True
            )
        execute(argv)


def execute(argv: list[str]) -> None:
    """Run a Django command. A wrong setting ends it with one line, by SystemExit."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
    # Not at the top: `up` works without Django, whose import takes a tenth of a second.
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line
    from django.db import DatabaseError

    try:
        _ = settings.INSTALLED_APPS  # Django would go on without settings that cannot be read
        execute_from_command_line(argv)
    except ImproperlyConfigured as mistake:
        raise SystemExit(str(mistake)) from None
    except DatabaseError as error:
        if line := _database_fault(error):
            raise SystemExit(line) from None
        raise


def _database_fault(error: Exception) -> str:
    """Return one line for a fault of the database itself; "" for an error that its traceback explains."""
    from django.db import NotSupportedError, OperationalError
    from psycopg.errors import InsufficientPrivilege, ReadOnlySqlTransaction

    from chatproject import database_url

    cause: BaseException | None = error
    while cause and not isinstance(cause, InsufficientPrivilege | ReadOnlySqlTransaction):
        cause = cause.__cause__ or cause.__context__
    if cause:
        return f"The database cannot be used: {str(cause).splitlines()[0]}."
    if isinstance(error, NotSupportedError | OperationalError):
        return f"The database cannot be used: {database_url.reason(error)}."
    return ""


def _exit_on_signal(number: int, _frame: object) -> NoReturn:
    sys.exit(128 + number)  # through every `finally`: the database must stop if this process started it


if __name__ == "__main__":
    execute(sys.argv)
