"""Statements by hand: batches in one round trip, errors, transactions, and what stays prepared."""

from __future__ import annotations

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from chat.db import sql

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def table() -> None:
    connection.ensure_connection()
    sql.rows("CREATE TEMPORARY TABLE IF NOT EXISTS noted (words text, size int CHECK (size < 10))")
    sql.rows("TRUNCATE noted")


def note(words: str, size: int = 1) -> sql.Statement:
    return "INSERT INTO noted VALUES (%s, %s) RETURNING words", [words, size]


ALL: sql.Statement = "SELECT words FROM noted ORDER BY words", []


def test_each_statement_of_a_batch_sees_what_those_before_it_did() -> None:
    assert sql.batch(note("a"), ALL, note("b"), ALL) == [[("a",)], [("a",)], [("b",)], [("a",), ("b",)]]


def test_the_first_failure_ends_a_batch_and_the_connection_goes_on() -> None:
    for _ in range(2):  # the second time, everything is prepared
        with pytest.raises(DataError):
            sql.batch(note("a"), ("SELECT 1 / %s::int", [0]), note("b"))
        assert sql.rows(*ALL) == []  # a batch is a transaction


def test_a_batch_is_a_part_of_the_transaction_under_way() -> None:
    with transaction.atomic():
        sql.batch(note("a"))
        sql.batch(note("b"))
        transaction.set_rollback(True)
    with transaction.atomic():
        sql.batch(note("c"))
    assert sql.rows(*ALL) == [("c",)]


def test_a_batch_may_end_the_transaction_under_way() -> None:
    with transaction.atomic():
        sql.batch(note("a"), sql.COMMIT)
        transaction.set_rollback(True)  # finds nothing left
    assert sql.rows(*ALL) == [("a",)]


def test_a_batch_with_a_failure_ahead_of_its_commit_stores_nothing() -> None:
    for _ in range(2):
        with pytest.raises(IntegrityError), transaction.atomic():
            sql.batch(note("a"), note("b", 11), sql.COMMIT)
        assert sql.rows(*ALL) == []


def test_a_connection_keeps_a_bounded_number_of_statements_prepared() -> None:
    for number in range(sql.MAX_PREPARED + 5):
        assert sql.value(f"SELECT {number}, %s::text", ["a"]) == number
    kept = sql.value("SELECT count(*) FROM pg_prepared_statements")
    assert sql.MAX_PREPARED - 5 < kept <= sql.MAX_PREPARED


def test_bytes_are_the_same_in_both_formats() -> None:
    wanted = "SELECT %s::bytea, 7::bigint, 'words'", [bytes(range(256))]
    assert sql.rows(*wanted, binary=True) == sql.rows(*wanted) == [(bytes(range(256)), 7, "words")]
