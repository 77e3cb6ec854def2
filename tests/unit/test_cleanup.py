"""Cleanup says what failed, and keeps quiet about a database whose tables are still being made."""

from __future__ import annotations

import asyncio

import psycopg
import pytest
from django.db import ProgrammingError

from chat.cleanup import Janitor


@pytest.mark.parametrize(
    ("cause", "said"), [(psycopg.errors.UndefinedTable(), False), (psycopg.errors.SyntaxError(), True)]
)
def test_only_a_database_without_tables_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, cause: Exception, said: bool
) -> None:
    async def fail(janitor: Janitor) -> None:
        raise ProgrammingError from cause

    monkeypatch.setattr(Janitor, "_step", fail)
    asyncio.run(Janitor().step())
    assert ("action=cleanup_failed" in caplog.text) is said
