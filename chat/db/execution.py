"""The one boundary between async code and the database: small pools of threads, each with a connection of its own.

A connection is held for one function's transaction and never while waiting for a model or a client.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    connection,
    connections,
    transaction,
)
from django.db.backends.signals import connection_created
from psycopg.errors import DiskFull, ReadOnlySqlTransaction, TooManyConnections
from psycopg.pq import TransactionStatus

from chat.db import deadlines
from chat.db.threads import ThreadCall, WorkerThreads
from chat.exceptions import Unavailable
from chat.process import process

logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")

# Threads, and so connections, for requests; with the log's one and the listener's 8 in all, bound: 10.
WORKERS = 6
# Longer than any statement of ours takes on a million messages; a stuck one must end.
STATEMENT_SECONDS = 30
# A claim behind a stuck one ends as `unavailable` instead of holding its thread.
LOCK_SECONDS = 5
# In the queue for a thread; later a request is refused, because no client waits longer.
QUEUE_SECONDS = 10
# Connections that may be lost during one call; a database that is away gives none at all.
ATTEMPTS = 3
PREFIX = "chat-db"
# Of Postgres' refusals of a connection; in other languages the reason alone is logged.
NO_CONNECTION = ("too many clients", "too many connections", "remaining connection slots")


class DatabaseThreads:
    """The threads of this process that run database functions, each with a connection of its own."""

    def __init__(self) -> None:
        self.work = WorkerThreads(WORKERS, f"{PREFIX}-work")
        # Calls that hold one of these threads, or wait for one.
        self.jobs = 0
        # One of its own: a queue of claims must not delay a flush or a heartbeat.
        self.log = WorkerThreads(1, f"{PREFIX}-log")


# Statements by hand find their rows by an index whatever their values are: the history's, the largest, spent 0.3 of its
# 0.5 ms on planning.
SETTINGS = f"""
SET statement_timeout = '{STATEMENT_SECONDS}s'; SET lock_timeout = '{LOCK_SECONDS}s';
SET plan_cache_mode = force_generic_plan; SET jit = off
"""


def _set_up(connection: Any, **_: Any) -> None:
    deadlines.watch(connection)
    if threading.current_thread().name.startswith(PREFIX):
        _shorten_transactions(connection)
        with connection.cursor() as cursor:
            cursor.execute(SETTINGS)


def _shorten_transactions(database: Any) -> None:
    """Let Django change its mode, and end what a batch has committed, without psycopg, which has nothing to send for it.

    That is 40 of 70 calls of Python for a transaction. psycopg begins one with the first statement in the other mode.
    """
    engine = type(database)

    def nothing_is_open() -> bool:
        link = database.connection
        return link is not None and link.pgconn.transaction_status == TransactionStatus.IDLE

    def set_autocommit(autocommit: bool) -> None:
        if nothing_is_open():
            database.connection._autocommit = bool(autocommit)
        else:
            engine._set_autocommit(database, autocommit)

    def commit_what_is_open() -> None:
        if not nothing_is_open():
            engine._commit(database)

    database._set_autocommit = set_autocommit
    database._commit = commit_what_is_open


connection_created.connect(_set_up, dispatch_uid="chat.db.set_up")


async def atomic_async(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function in a transaction, in a thread of the pool, and return its result.

    Raises Unavailable if the database cannot be reached or a lock cannot be had in time.
    """
    return await _in_pool(lambda: _guarded(function, *args, **kwargs))


async def run_async(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function without an enclosing transaction, which saves two round trips.

    For reads, single statements, and functions that manage their own transactions.
    """
    return await _in_pool(lambda: _repeated(lambda: function(*args, **kwargs)))


async def run_in_log_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a function in a transaction in the log's own thread, in the order of the calls."""
    job = ThreadCall(lambda: _guarded(function, *args, **kwargs))
    process.part(DatabaseThreads).log.submit(job.run)
    return await job.result


async def _in_pool(work: Callable[[], T]) -> T:
    """Run work in a thread of the pool. Raises Unavailable if none is free in time; work that has begun has its own limits."""
    threads, job = process.part(DatabaseThreads), ThreadCall(work)
    threads.jobs += 1
    threads.work.submit(job.run)
    deadline = asyncio.get_running_loop().call_later(QUEUE_SECONDS, _expire, job)
    try:
        return await job.result
    finally:
        job.give_up()
        deadline.cancel()
        threads.jobs -= 1
        # An error's traceback holds this frame, and the job holds the error: together they would keep all that the frames
        # below refer to, such as the body of a refused upload, until Python looks for cycles.
        del job, deadline


def _expire(job: ThreadCall[Any]) -> None:
    if job.give_up():
        job.fail(_unavailable(TimeoutError()))


def _guarded(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return _repeated(lambda: _in_transaction(function, *args, **kwargs))


def _repeated(attempted: Callable[[], T]) -> T:
    """Call with a new connection after one is lost: every function that writes can be repeated."""
    database = connections[
        DEFAULT_DB_ALIAS
    ]  # each use of `connection` looks it up anew, by six calls of Python
    for attempt in range(1, ATTEMPTS + 1):
        try:
            if database.connection is None:
                database.ensure_connection()
        except (OperationalError, InterfaceError) as problem:
            raise _unavailable(problem) from problem
        link = database.connection
        try:
            return attempted()
        except IntegrityError:
            # Another transaction was quicker with the same id: the next attempt finds its row.
            if attempt == ATTEMPTS:
                raise
        except InternalError as problem:
            _leave_read_only(problem, attempt)
        except (OperationalError, InterfaceError) as problem:
            # After a commit that failed, Django has closed the connection and may have opened another already.
            alive = connection.connection is link and _usable()
            if not alive:
                connection.close()
            hangs = isinstance(problem.__cause__, deadlines.SilentServerError)
            if alive or hangs or attempt == ATTEMPTS:
                raise _unavailable(problem) from problem
    raise AssertionError("the last attempt returns or raises")


def _leave_read_only(problem: InternalError, attempt: int) -> None:
    """Close a connection that takes no writes: it stays so, and a new one may lead to a database that does.

    Raise any other problem, and Unavailable after the last attempt.
    """
    if not isinstance(problem.__cause__, ReadOnlySqlTransaction):
        raise problem
    connection.close()
    if attempt == ATTEMPTS:
        raise _unavailable(problem) from problem


def _in_transaction(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    with transaction.atomic():
        return function(*args, **kwargs)


def _usable() -> bool:
    try:
        return connection.connection is not None and connection.is_usable()
    except DatabaseError:
        return False


def _remedy(cause: BaseException) -> str:
    """Return the cause in words with its remedy; "" where it passes by itself."""
    if isinstance(cause, DiskFull):
        return ": its disk is full, make room"
    if isinstance(cause, ReadOnlySqlTransaction):
        return ": it takes no writes, for it is a standby or read-only"
    # libpq gives no code for a connection that was refused.
    if isinstance(cause, TooManyConnections) or any(words in str(cause) for words in NO_CONNECTION):
        return ": it has no connection left, raise `max_connections`"
    return ""


def _unavailable(problem: Exception) -> Unavailable:
    cause = problem.__cause__ or problem
    logger.warning("action=database_unavailable reason=%s%s", type(cause).__name__, _remedy(cause))
    return Unavailable(
        "The database cannot be reached right now. Nothing was lost; try again.", retry_after=2
    )
