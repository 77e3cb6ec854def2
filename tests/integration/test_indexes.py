"""Every index of the database is of use: each costs a part of every write, and is read into memory."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection

# Whole indexes of columns alone whose columns begin those of another one, which finds the same rows.
_NEEDLESS = """
WITH whole AS (
    SELECT indrelid, indexrelid, indkey::text || ' ' AS columns, indclass::text || ' ' AS operators, indisunique
    FROM pg_index JOIN pg_class c ON c.oid = indexrelid JOIN pg_am a ON a.oid = c.relam
    WHERE a.amname = 'btree' AND indpred IS NULL AND indexprs IS NULL AND indrelid::regclass::text = ANY(%s)
)
SELECT DISTINCT one.indexrelid::regclass::text FROM whole one JOIN whole other USING (indrelid)
WHERE one.indexrelid <> other.indexrelid AND NOT one.indisunique
  AND starts_with(other.columns, one.columns) AND starts_with(other.operators, one.operators)
"""


@pytest.mark.django_db
def test_no_index_begins_another_one() -> None:
    tables = [model._meta.db_table for model in apps.get_app_config("chat").get_models()]
    with connection.cursor() as cursor:
        cursor.execute(_NEEDLESS, [tables])
        assert [name for (name,) in cursor.fetchall()] == []


@pytest.mark.django_db
def test_indexes_of_words_hold_no_rows_without_words() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT indexrelid::regclass::text, pg_get_expr(indpred, indrelid), attname FROM pg_index
            JOIN pg_attribute a ON attrelid = indrelid AND attnum = indkey[0]
            WHERE atttypid = 'tsvector'::regtype AND NOT a.attnotnull
            """
        )
        found = cursor.fetchall()
    assert len(found) > 4
    assert [name for name, where, column in found if f"({column} IS NOT NULL)" not in f"({where})"] == []
