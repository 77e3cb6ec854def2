"""Responses for pages while the database is unreachable, busy, full, read-only, or not yet migrated."""

from __future__ import annotations

import logging

import psycopg.errors
from django.db import InterfaceError, OperationalError, ProgrammingError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.deprecation import MiddlewareMixin

logger = logging.getLogger(__name__)

# Seconds until the page reloads: a restarted Postgres takes about one.
RETRY_SECONDS = 2


class DatabaseUnavailableMiddleware(MiddlewareMixin):
    """Answers with 503 and a page that reloads itself, in place of a server error."""

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        if not _is_transient(problem):
            return None
        logger.warning("action=page_waits reason=%s", type(problem.__cause__ or problem).__name__)
        page = render(request, "503.html", {"seconds": RETRY_SECONDS}, status=503)
        page["Retry-After"], page["Cache-Control"] = str(RETRY_SECONDS), "no-store"
        return page


def _is_transient(problem: Exception) -> bool:
    starting = isinstance(problem, ProgrammingError) and isinstance(
        problem.__cause__, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn
    )
    read_only = isinstance(problem.__cause__, psycopg.errors.ReadOnlySqlTransaction)
    return starting or read_only or isinstance(problem, OperationalError | InterfaceError)
