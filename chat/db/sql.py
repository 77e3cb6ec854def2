"""Statements by hand, for the paths that every answer takes: the ORM spends 0.2 to 0.5 ms of CPU on each.

They are bound and prepared on the server, because planning the claim's largest takes longer than executing it. Those of a
batch are sent together: six small ones took 9 µs of CPU each, and 32 one by one through psycopg's cursors. Its own pipeline
sends each by itself, which took 23.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import adapt, errors, generators
from psycopg._queries import PostgresQuery
from psycopg.abc import Buffer, Transformer
from psycopg.pq import ExecStatus, Format, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.types.numeric import Int8Dumper

Values = Mapping[str, Any] | Sequence[Any]
Row = tuple[Any, ...]
Statement = tuple[str, Values]

# The last of a batch ends the transaction with it: that saves its round trip, where a prompt takes three. Django's own commit
# then finds nothing under way.
COMMIT: Statement = ("COMMIT", ())

# Statements that a connection keeps prepared; there are some 50, and each mix of types and nulls is one of its own.
MAX_PREPARED = 200


def rows(statement: str, values: Values = (), *, binary: bool = False) -> list[Row]:
    """Return all rows of a statement, in the transaction under way. Raises Django's database errors.

    Pass a Django choice as its `value`: psycopg would send the enumeration's name. `binary`: for large columns of bytes, which
    are twice as long as text; Django's own converters, as of times, do not apply.
    """
    return batch((statement, values), binary=binary)[0]


def row(statement: str, values: Values = ()) -> Row | None:
    """Return the first row, or None."""
    found = rows(statement, values)
    return found[0] if found else None


def value(statement: str, values: Values = ()) -> Any:
    """Return the one value of a statement that always returns a row."""
    return rows(statement, values)[0][0]


def batch(*statements: Statement, binary: bool = False) -> list[list[Row]]:
    """Return the rows of each of several statements, in one round trip; each sees what those before it did.

    The first that fails ends the batch, and its error is raised.
    """
    database = connections[DEFAULT_DB_ALIAS]
    if database.connection is None:  # Django asks this by two calls of Python
        database.ensure_connection()
    with database.wrap_database_errors:
        return _executor(database).run(statements, Format.BINARY if binary else Format.TEXT)


def _executor(database: BaseDatabaseWrapper) -> _Executor:
    """Return the executor that is kept beside each connection."""
    kept = database.__dict__
    executor: _Executor | None = kept.get("chat_executor")
    if executor is None or executor.link is not database.connection:
        executor = kept["chat_executor"] = _Executor(database.connection)
    return executor


# A statement and the types of its values.
_Key = tuple[bytes, tuple[int, ...]]


# A command of a batch: the key of the statement that it prepares and the name, if it does, and whether it is a query.
_Command = tuple[_Key | None, bytes, bool]
_QUERY: _Command = (None, b"", True)
_OTHER: _Command = (None, b"", False)


class _TimeLoader(adapt.Loader):
    """Loads a time by one call; psycopg's loader of text takes four, and a regular expression."""

    def load(self, data: Buffer) -> datetime:
        return datetime.fromisoformat(str(data, "ascii"))


class _Executor:
    """The statements of one connection: their prepared names, and the converters of their values and columns."""

    def __init__(self, link: psycopg.Connection[Any]) -> None:
        self.link = link
        self._context = psycopg.Cursor(link)
        # psycopg sends an integer as one of three types, by its size: each mix of them is another statement to prepare.
        self._context.adapters.register_dumper(int, Int8Dumper)
        self._context.adapters.register_loader("timestamptz", _TimeLoader)
        self._converters: dict[str, Transformer] = {}
        self._names: dict[_Key, bytes] = {}
        self._numbered = 0

    def run(self, statements: Sequence[Statement], form: Format) -> list[list[Row]]:
        queries = []
        for statement, values in statements:
            query = PostgresQuery(self._converter(statement))
            query.convert(statement, values)
            queries.append(query)
        with self.link.lock:
            results = self.link.wait(self._exchange(queries, form))
        found = zip(statements, results, strict=True)
        return [_rows_of(result, self._converters[statement]) for (statement, _), result in found]

    def _converter(self, statement: str) -> Transformer:
        """Return the converter of a statement: finding those of its types anew takes as long as a small statement."""
        converter = self._converters.get(statement)
        if converter is None:
            converter = self._converters[statement] = adapt.Transformer(self._context)
        return converter

    def _exchange(self, queries: list[PostgresQuery], form: Format) -> Generator[Any, Any, list[PGresult]]:
        """Send the queries together, and return their results; yield while waiting for the server."""
        server = self.link.pgconn
        server.enter_pipeline_mode()
        commands = list[_Command]()
        self._begin(commands)
        for query in queries:
            self._send(query, form, commands)
        server.pipeline_sync()
        yield from generators.send(server)
        results = list[PGresult]()
        for _ in commands:
            results += yield from generators.fetch_many(server)
        yield from generators.fetch_many(server)  # the end of the batch
        server.exit_pipeline_mode()
        for (key, name, _), result in zip(commands, results, strict=True):
            if result.status == ExecStatus.FATAL_ERROR:
                raise errors.error_from_result(result, self.link.info.encoding)
            if key:
                self._names[key] = name
        return [result for (_, _, is_query), result in zip(commands, results, strict=True) if is_query]

    def _begin(self, commands: list[_Command]) -> None:
        """Begin a transaction where Django wants one and none is under way: psycopg would take a round trip for it."""
        server = self.link.pgconn
        if not self.link.autocommit and server.transaction_status == TransactionStatus.IDLE:
            server.send_query_params(self.link._get_tx_start_command(), None)
            commands.append(_OTHER)

    def _send(self, query: PostgresQuery, form: Format, commands: list[_Command]) -> None:
        """Send a query, and ahead of it what prepares it."""
        server, key = self.link.pgconn, (query.query, query.types)
        name = self._names.get(key)
        if name is None:
            if len(self._names) == MAX_PREPARED:
                server.send_close_prepared(self._names.pop(next(iter(self._names))))
                commands.append(_OTHER)
            self._numbered += 1
            name = b"chat_%d" % self._numbered
            server.send_prepare(name, query.query, query.types)
            commands.append((key, name, False))
        server.send_query_prepared(name, query.params, query.formats, form)
        commands.append(_QUERY)


def _rows_of(result: PGresult, converter: Transformer) -> list[Row]:
    if not result.nfields:
        return []
    converter.set_pgresult(result)
    found = converter.load_rows(0, result.ntuples, tuple)
    converter.set_pgresult(None)  # a result may be large
    return found
