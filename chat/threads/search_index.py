"""Search terms of rows that have none yet: rows of an older program, and those whose text was changed without them.

Postgres drops a row's terms when its text changes and they do not, so that no term outlives the text it came from.
"""

from __future__ import annotations

from chat.db import sql
from chat.text.search_terms import SEARCHED_CHARACTERS, search_vector
from chat.threads.portions import fitting

# Rows and bytes of text indexed in one transaction: at most half a second of work.
ROWS, BYTES = 200, 400_000

_PENDING = {
    "chat_message": "terms IS NULL AND NOT hidden AND readable <> ''",
    "chat_thread": "terms IS NULL AND title <> ''",
}
_TEXT = {"chat_message": "readable", "chat_thread": "title"}


def index_messages(owner: int | None = None) -> int:
    """Index one batch of messages, newest first, of one owner or of all. Return the count."""
    return _index("chat_message", owner)


def index_titles(owner: int | None = None) -> int:
    """Index one batch of titles, newest first, of one owner or of all. Return the count."""
    return _index("chat_thread", owner)


def is_incomplete(owner: int) -> bool:
    """Tell if messages or titles of an owner have no terms yet."""
    exists = (f"EXISTS (SELECT FROM {table} WHERE owner_id = %s AND {_PENDING[table]})" for table in _PENDING)
    return bool(sql.value(f"SELECT {' OR '.join(exists)}", [owner, owner]))


def _index(table: str, owner: int | None) -> int:
    mine = "" if owner is None else "AND owner_id = %s"
    # In the order of the index of such rows: in any other, the planner reads the whole table in search of them.
    sizes = f"""
    SELECT id, octet_length({_TEXT[table]}) FROM {table} WHERE {_PENDING[table]} {mine}
    ORDER BY owner_id DESC, id DESC LIMIT {ROWS} FOR NO KEY UPDATE SKIP LOCKED
    """
    keys = fitting(sql.rows(sizes, [] if owner is None else [owner]), BYTES)
    if keys:
        texts = f"SELECT id, left({_TEXT[table]}, {SEARCHED_CHARACTERS}) FROM {table} WHERE id = ANY(%s)"
        pairs = [(pk, search_vector(text)) for pk, text in sql.rows(texts, [keys])]
        columns = [list(column) for column in zip(*pairs, strict=True)]
        sql.rows(
            f"UPDATE {table} t SET terms = v.terms::tsvector FROM unnest(%s::bigint[], %s::text[]) v(id, terms)"
            " WHERE t.id = v.id",
            columns,
        )
    return len(keys)
