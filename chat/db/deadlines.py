"""Deadlines on the client's side for every statement: a server that hangs runs no timeout of its own.

After SILENCE_SECONDS without an answer a second connection asks whether the server answers at all. If it does, the statement
is only slow, and the server's `statement_timeout` ends it; if not, the statement fails as if its connection were lost.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper

# Statements take milliseconds; a user gives up on a page after some seconds more.
SILENCE_SECONDS = 5.0
# For the second connection, and again for its answer.
PROBE_SECONDS = 3

Steps = Generator[Any, Any, Any]


class SilentServerError(psycopg.OperationalError):
    """The server does not answer."""


class _Verdict:
    """The result of the last probe, shared by all statements that wait at the same time."""

    lock = threading.Lock()
    answers = True
    valid_until = 0.0


def watch(database: BaseDatabaseWrapper) -> None:
    """Give a new connection of Django's its deadlines, for statements and for the end of transactions."""
    link = database.connection
    if not isinstance(link, psycopg.Connection):
        return
    parameters = connection_parameters(database)
    _limit(link, SILENCE_SECONDS, lambda: _server_answers(parameters))


def connection_parameters(database: BaseDatabaseWrapper) -> dict[str, Any]:
    """Return Django's connection parameters, reduced to those that psycopg's own connections take."""
    parameters = database.get_connection_params()
    return {
        name: value
        for name, value in parameters.items()
        if name not in ("cursor_factory", "context", "prepare_threshold")
    }


def _limit(link: psycopg.Connection[Any], seconds: float, goes_on: Callable[[], bool]) -> None:
    def wait(steps: Steps, *args: Any, **options: Any) -> Any:
        try:
            return psycopg.Connection.wait(link, _limited(steps, seconds, goes_on), *args, **options)
        except SilentServerError:
            # A rollback must not wait for the server once more.
            link.pgconn.finish()
            raise

    # psycopg waits for the server in this method alone, and wakes up there ten times a second.
    link.wait = wait  # type: ignore[method-assign, assignment]


def _limited(steps: Steps, seconds: float, goes_on: Callable[[], bool]) -> Steps:
    """Yield psycopg's steps of one operation. Raise SilentServerError after `seconds` unless it `goes_on`."""
    limit = time.monotonic() + seconds
    try:
        state = next(steps)
        while True:
            ready = yield state
            if not ready and time.monotonic() >= limit:
                if not goes_on():
                    raise SilentServerError("the server does not answer")
                limit = time.monotonic() + seconds
            state = steps.send(ready)
    except StopIteration as end:
        return end.value


def _server_answers(parameters: dict[str, Any]) -> bool:
    with _Verdict.lock:
        if time.monotonic() >= _Verdict.valid_until:
            _Verdict.answers = _probe(parameters)
            _Verdict.valid_until = time.monotonic() + SILENCE_SECONDS / 2
        return _Verdict.answers


def _probe(parameters: dict[str, Any]) -> bool:
    try:
        with psycopg.connect(**{**parameters, "connect_timeout": PROBE_SECONDS}) as link:
            _limit(link, PROBE_SECONDS, lambda: False)
            link.execute("SELECT 1")
            return True
    except psycopg.OperationalError as problem:
        # A refusal, such as of one connection too many, is an answer.
        return problem.sqlstate is not None
