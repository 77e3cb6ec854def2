"""Readiness of the database, and of a pooler in front of it."""

from __future__ import annotations

import functools
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from psycopg.errors import UndefinedColumn, UndefinedTable

from chat.db.deadlines import connection_parameters

MIXED_UP = (
    "DATABASE_URL leads to a pooler that shares connections between transactions and mixes up prepared statements. "
    "Use pgbouncer 1.21 or newer with `max_prepared_statements` above 0, or session pooling."
)


def is_unmigrated(problem: BaseException) -> bool:
    """Return whether an error is that of a new database, which gets its tables while the first servers start."""
    return isinstance(problem.__cause__, UndefinedTable | UndefinedColumn)


def is_migrated() -> bool:
    """Return True if every migration is applied."""
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


@functools.cache
def check_pooler() -> None:
    """Raise ImproperlyConfigured if a pooler mixes up prepared statements, as pgbouncer before 1.21 does."""
    parameters: dict[str, Any] = {**connection_parameters(connection), "autocommit": True}
    with psycopg.connect(**parameters) as first:
        # A pooler gives its clients a process id of its own making.
        if first.info.backend_pid == _backend(first):
            return
        with psycopg.connect(**parameters) as second:
            if _shares_transactions(first, second) and not _manages_statements(first):
                raise ImproperlyConfigured(MIXED_UP)


def _backend(link: psycopg.Connection[Any]) -> int:
    return int(link.execute("SELECT pg_backend_pid()").fetchall()[0][0])


def _shares_transactions(first: psycopg.Connection[Any], second: psycopg.Connection[Any]) -> bool:
    before, other, after = _backend(first), _backend(second), _backend(first)
    return before != after or before == other


def _manages_statements(link: psycopg.Connection[Any]) -> bool:
    """Return True if a prepared statement has another name in the server than its client gave it."""
    try:
        with link.transaction(force_rollback=True):
            link.execute("SELECT 1", prepare=True)
            names = link.execute("SELECT name FROM pg_prepared_statements").fetchall()
            if managed := not any(name.startswith("_pg3_") for (name,) in names):
                return managed
            link.execute("DEALLOCATE ALL")
    except psycopg.errors.DuplicatePreparedStatement:
        # Another client's of the same name.
        return False
    return False
