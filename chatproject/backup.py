"""Backups of the database as one file of `pg_dump`, verified by restoring it, and their restoration."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from django.core.management.base import CommandError
from django.db import connection
from psycopg import sql
from psycopg.conninfo import make_conninfo

from chat.db.deadlines import connection_parameters
from chatproject.dev.postgres import cluster_home

# Folders of Debian's packages, which are not on the PATH.
DEBIAN = Path("/usr/lib/postgresql")
# A database that exists on every server, to make others from.
MAINTENANCE = "postgres"
# Seconds for connections that have been closed to leave the server's list; it took some milliseconds.
CLOSING_SECONDS = 1.0

_OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""
_TABLES = """
SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""


def back_up(file: Path) -> dict[str, int]:
    """Write a backup and restore it into a scratch database. Return the rows of each table; raise CommandError.

    The rows are counted in the snapshot that is written, so that a server may run meanwhile.
    """
    draft = file.with_name(f"{file.name}.part")
    try:
        # Never one that is there: it may be another user's, or readable for others.
        draft.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with _connect() as link:
            link.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            snapshot = _value(link, "SELECT pg_export_snapshot()")
            options = ["--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
            _run("pg_dump", *options, f"--file={draft}", f"--dbname={_conninfo()}")
            rows = _count(link)
        with _scratch() as name:
            _restore_into(name, draft)
            with _connect(name) as link:
                restored = _count(link)
        if restored != rows:
            differing = sorted(table for table in rows if restored.get(table) != rows[table])
            raise CommandError(f"The backup is not whole: {', '.join(differing)} came back with other rows.")
        draft.replace(file)
    except OSError as problem:
        raise CommandError(f"{file} cannot be written: {problem.strerror}.") from None
    finally:
        draft.unlink(missing_ok=True)
    return rows


def restore(file: Path, *, force: bool) -> dict[str, int]:
    """Replace the content of the database by that of a backup. Return the rows of each table; raise CommandError.

    The file is first restored into a scratch database: one that is damaged changes nothing.
    """
    if not file.is_file():
        raise CommandError(f"{file} is no file.")
    _check_unused()
    with _connect() as link:
        occupied = bool(_count(link))
    if occupied and not force:
        raise CommandError("The database is not empty: --force replaces all that is in it.")
    with _scratch() as name:
        _restore_into(name, file)
    if occupied:
        with _connect() as link:
            link.execute("DROP SCHEMA public CASCADE")
            link.execute("CREATE SCHEMA public")
    _restore_into(connection.settings_dict["NAME"], file)
    with _connect() as link:
        return _count(link)


def _check_unused() -> None:
    """Raise CommandError where a server uses the database, which would write in between."""
    connection.close()
    deadline = time.monotonic() + CLOSING_SECONDS
    with _connect(autocommit=True) as link:
        while others := _value(link, _OTHERS):
            if time.monotonic() > deadline:
                raise CommandError(f"Stop the server first: {others} connections use the database.")
            time.sleep(CLOSING_SECONDS / 20)


def _restore_into(name: str, file: Path) -> None:
    options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
    # The schema `public` exists in every new database.
    listed = _run("pg_restore", "--list", str(file))
    wanted = [line for line in listed.splitlines() if " SCHEMA - public " not in line]
    _run(
        "pg_restore",
        *options,
        "--use-list=/dev/stdin",
        f"--dbname={_conninfo(name)}",
        str(file),
        stdin=wanted,
    )


@contextlib.contextmanager
def _scratch() -> Iterator[str]:
    """Provide the name of an empty database that is dropped afterwards."""
    name = f"{connection.settings_dict['NAME'][:40]}_scratch_{secrets.token_hex(4)}"
    with _connect(MAINTENANCE, autocommit=True) as link:
        try:
            link.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege:
            raise CommandError(
                "A scratch database is needed to verify the file: give the role CREATEDB (`ALTER ROLE … CREATEDB`)."
            ) from None
        try:
            yield name
        finally:
            link.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _connect(name: str = "", *, autocommit: bool = False) -> psycopg.Connection[Any]:
    return psycopg.connect(**_parameters(name), autocommit=autocommit)


def _parameters(name: str) -> dict[str, Any]:
    parameters = connection_parameters(connection)
    return parameters | ({"dbname": name} if name else {})


def _conninfo(name: str = "") -> str:
    """Return the address of a database without its password, which others could read in the list of processes."""
    return make_conninfo(**{key: value for key, value in _parameters(name).items() if key != "password"})


def _count(link: psycopg.Connection[Any]) -> dict[str, int]:
    """Return the rows of every table by its name."""
    tables = [str(name) for (name,) in link.execute(_TABLES)]
    return {name: int(_value(link, f"SELECT count(*) FROM {name}")) for name in tables}


def _value(link: psycopg.Connection[Any], statement: str) -> Any:
    (row,) = link.execute(statement.encode()).fetchall()
    return row[0]


# The programs


def _run(program: str, *arguments: str, stdin: list[str] | None = None) -> str:
    """Run a program of Postgres and return its output. Raise CommandError with its last line."""
    done = subprocess.run(
        [str(_programs() / program), *arguments],
        input="\n".join(stdin or []),
        env={**os.environ, "PGPASSWORD": connection.settings_dict["PASSWORD"] or "", "LC_ALL": "C"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason given"]
        raise CommandError(f"{program} failed: {next((one for one in lines if 'error:' in one), lines[-1])}")
    return done.stdout


def _programs() -> Path:
    """Return a folder with a pg_dump that is not older than the server. Raise CommandError."""
    server = connection.get_database_version()[0]
    on_path = shutil.which("pg_dump")
    folders = [
        *([Path(on_path).parent] if on_path else []),
        *sorted(DEBIAN.glob("*/bin")),
        *cluster_home.included(),
    ]
    # The oldest that will do: the dump of a newer one may hold what an old server does not know.
    fitting = sorted((version, folder) for folder in folders if (version := _version(folder)) >= server)
    if not fitting:
        raise CommandError(
            f"No pg_dump of Postgres {server} or newer is here: install postgresql-client-{server}."
        )
    return fitting[0][1]


def _version(folder: Path) -> int:
    """Return the major version of the pg_dump in a folder; 0 without one."""
    program = folder / "pg_dump"
    if not os.access(program, os.X_OK):
        return 0
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else 0
