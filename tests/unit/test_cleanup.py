"""Each kind of cleanup is done by itself; what failed is said, but for a database whose tables are still being made."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
import pytest
from django.db import ProgrammingError

from chat import cleanup
from chat.cleanup import Janitor
from chat.threads import stored_bytes

WORK = (
    "chat.cleanup._erase",
    "chat.cleanup.sso_sessions.check_due",
    "chat.cleanup.Janitor._index",
    "chat.cleanup.Janitor._remove_old",
    "chat.cleanup.delete_leftovers",
)


def working(done: list[str], name: str, problem: Exception | None = None) -> Callable[..., Awaitable[None]]:
    """Return work that is noted as done, and then fails with the problem if there is one."""

    async def work(*_: Any) -> None:
        done.append(name)
        if problem is not None:
            raise problem

    return work


@pytest.mark.parametrize(
    ("cause", "said"), [(psycopg.errors.UndefinedTable(), False), (psycopg.errors.SyntaxError(), True)]
)
def test_work_that_fails_keeps_no_other_from_being_done(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, cause: Exception, said: bool
) -> None:
    done: list[str] = []
    problem = ProgrammingError()
    problem.__cause__ = cause
    for name in WORK:
        monkeypatch.setattr(name, working(done, name, problem if name != WORK[-1] else None))
    asyncio.run(Janitor().step())
    assert done == list(WORK)
    assert ("action=cleanup_failed kind=erasures reason=ProgrammingError" in caplog.text) is said


def test_a_kind_of_leftovers_that_cannot_be_deleted_keeps_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    async def run(task: Any, *_: Any) -> Any:
        done.append(getattr(task, "__name__", task))
        if task == "guests":
            raise ZeroDivisionError

    monkeypatch.setattr("chat.cleanup.db.atomic_async", run)
    monkeypatch.setattr(cleanup, "CLEANUP_TASKS", {"guests": "guests", "shares": "shares"})
    asyncio.run(cleanup.delete_leftovers())
    assert done == ["guests", "shares", "delete_orphaned"]


def test_counts_that_prompts_have_met_are_merged_beside_the_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cleanup, "MERGE_INTERVAL_SECONDS", 0.0)
    merged: list[int] = []
    done = asyncio.Event()

    async def run(task: Any, owner: int) -> int:
        merged.append(owner)
        if len(merged) == 2:
            done.set()
        return int(not done.is_set())

    async def serve() -> None:
        janitor = Janitor()
        janitor.start()
        stored_bytes.note_rows(7, stored_bytes.MERGED_ROWS - 1)
        stored_bytes.note_rows(8, stored_bytes.MERGED_ROWS)
        async with asyncio.timeout(5):
            await done.wait()
        janitor.stop()

    stored_bytes.take_crowded()
    monkeypatch.setattr("chat.cleanup.db.atomic_async", run)
    asyncio.run(serve())
    assert merged == [8, 8]
