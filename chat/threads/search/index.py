"""Search terms of rows that have none yet: thoughts, rows of an older program, and those whose text was changed without them.

Postgres drops a row's terms when its text changes and they do not, so that no term outlives the text it came from. It adds a
row without terms for each thought that has ended: its terms are made ahead of the next search or in the background, for
reading the thought and cutting its terms would delay the end of the answer.
"""

from __future__ import annotations

from typing import Any

from chat.db import sql
from chat.permissions import threads as permissions
from chat.streams import thoughts
from chat.text.search_terms import SEARCHED_CHARACTERS, search_vector
from chat.threads.portions import fitting

# Rows and bytes of text indexed in one transaction: at most half a second of work.
ROWS, BYTES = 200, 400_000
# Bytes of a thought that are searchable, from its start: long ones repeat themselves. Their terms take 20 ms of CPU and 41 KB.
THOUGHT_BYTES = 65_536

_PENDING = {
    "chat_message": "terms IS NULL AND NOT hidden AND readable <> ''",
    "chat_thread": "terms IS NULL AND title <> ''",
}
_TEXT = {"chat_message": "readable", "chat_thread": "title"}
_THREAD = {"chat_message": "thread_id", "chat_thread": "id"}


def index_messages(user: int | None = None) -> int:
    """Index one batch of messages, newest first, of those that a user may read or of all. Return the count."""
    return _index("chat_message", user)


def index_titles(user: int | None = None) -> int:
    """Index one batch of titles, newest first, of those that a user may read or of all. Return the count."""
    return _index("chat_thread", user)


def index_thoughts(user: int | None = None) -> int:
    """Index one batch of thoughts, newest first, of those that a user may read or of all. Return the count."""
    own = "" if user is None else f"AND {permissions.readable_sql('r.owner_id', 'r.thread_id')}"
    sizes = f"""
    SELECT t.response_id, least(r.thinking_length, {THOUGHT_BYTES})
    FROM chat_thoughtterms t JOIN chat_response r ON r.id = t.response_id WHERE t.terms IS NULL {own}
    ORDER BY t.response_id DESC LIMIT {ROWS} FOR NO KEY UPDATE OF t SKIP LOCKED
    """
    keys = fitting(sql.rows(sizes, {"user": user}), BYTES)
    if keys:
        texts = thoughts.beginnings_of(keys, THOUGHT_BYTES)
        _store("chat_thoughtterms", "response_id", [(pk, texts.get(pk, "")) for pk in keys])
    return len(keys)


def is_incomplete(user: int) -> bool:
    """Tell if messages or titles that a user may read have no terms yet."""
    exists = (
        f"EXISTS (SELECT FROM {table} WHERE {_readable(table)} AND {_PENDING[table]})" for table in _PENDING
    )
    return bool(sql.value(f"SELECT {' OR '.join(exists)}", {"user": user}))


def _readable(table: str) -> str:
    return permissions.readable_sql("owner_id", _THREAD[table])


def _index(table: str, user: int | None) -> int:
    own = "" if user is None else f"AND {_readable(table)}"
    # In the order of the index of such rows: in any other, the planner reads the whole table in search of them.
    sizes = f"""
    SELECT id, octet_length({_TEXT[table]}) FROM {table} WHERE {_PENDING[table]} {own}
    ORDER BY owner_id DESC, id DESC LIMIT {ROWS} FOR NO KEY UPDATE SKIP LOCKED
    """
    keys = fitting(sql.rows(sizes, {"user": user}), BYTES)
    if keys:
        texts = f"SELECT id, left({_TEXT[table]}, {SEARCHED_CHARACTERS}) FROM {table} WHERE id = ANY(%s)"
        _store(table, "id", sql.rows(texts, [keys]))
    return len(keys)


def _store(table: str, key: str, texts: list[Any]) -> None:
    """Store the terms of texts, each given with its row's key."""
    pairs = [(pk, search_vector(text)) for pk, text in texts]
    sql.rows(
        f"UPDATE {table} t SET terms = v.terms::tsvector FROM unnest(%s::bigint[], %s::text[]) v(id, terms)"
        f" WHERE t.{key} = v.id",
        [list(column) for column in zip(*pairs, strict=True)],
    )
