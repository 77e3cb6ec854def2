"""Transactions of the database's threads, whose begin and end psycopg is not asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from django.db import connection

from chat import db
from chat.db import sql
from chat.models import User
from tests.fixtures.database import close_database_threads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    yield
    close_database_threads()


def make(*names: str, fails: bool = False) -> None:
    for name in names:
        User.objects.create(username=name)
    if fails:
        raise LookupError


def make_and_commit(name: str) -> None:
    """Commit by hand, at the end of a batch, as a claim does."""
    make(name)
    sql.batch(("SELECT 1", ()), sql.COMMIT)


def lose_connection() -> None:
    connection.close()


def end_session() -> None:
    """Leave the thread a connection that the server has closed."""
    connection.connection.close()


@pytest.mark.parametrize("lose", [None, lose_connection, end_session])
def test_a_transaction_is_stored_whole_or_not_at_all_and_what_is_in_none_at_once(lose: object) -> None:
    async def work() -> None:
        for turn in "12":
            await db.atomic_async(make, f"kept {turn}a", f"kept {turn}b")
            with pytest.raises(LookupError):
                await db.atomic_async(make, f"gone {turn}a", f"gone {turn}b", fails=True)
            with pytest.raises(LookupError):
                await db.run_async(make, f"kept {turn}c", fails=True)
            await db.atomic_async(make_and_commit, f"kept {turn}d")
            if callable(lose):
                await db.run_async(lose)

    asyncio.run(work())
    names = set(User.objects.values_list("username", flat=True))
    assert names == {f"kept {turn}{place}" for turn in "12" for place in "abcd"}
