"""Full-text search in a user's own threads: titles and plain text, by the terms of `chat.text.search_terms`."""

from __future__ import annotations

from typing import Any

from django.db import connection

from chat.models import Thread
from chat.text import search_terms
from chat.threads import search_index
from chat.threads.excerpts import Excerpt, excerpt
from chat.threads.threads import Listing, decode_cursor, encode_cursor, with_active

# Threads in one result of the search tool.
TOOL_RESULTS = 5
# Characters read for the excerpts of one page: folding and searching them takes some 50 ms.
PAGE_CHARACTERS = 1_000_000

_HITS = """
    SELECT id AS thread, 2 * ts_rank(terms, %(query)s::tsquery) AS rank, NULL::bigint AS message
    FROM chat_thread WHERE owner_id = %(owner)s AND terms @@ %(query)s::tsquery
    UNION ALL
    SELECT thread_id, ts_rank(terms, %(query)s::tsquery), id
    FROM chat_message
    WHERE owner_id = %(owner)s AND NOT hidden AND turn IS NOT NULL AND terms @@ %(query)s::tsquery
"""

# Rows without terms yet, of an older program: by the words that Postgres itself finds in them.
_WORDS = """
regexp_replace(plainto_tsquery('simple', %(words)s)::text, $$('(?:[^']|'')+')$$, '\\1:*', 'g')
"""
_UNINDEXED_HITS = f"""
    UNION ALL
    SELECT id, 2 * ts_rank(search, words), NULL
    FROM chat_thread, CAST({_WORDS} AS tsquery) words
    WHERE owner_id = %(owner)s AND terms IS NULL AND search @@ words
    UNION ALL
    SELECT thread_id, ts_rank(search, words), id
    FROM chat_message, CAST({_WORDS} AS tsquery) words
    WHERE owner_id = %(owner)s AND NOT hidden AND turn IS NOT NULL AND terms IS NULL AND search @@ words
"""

_SEARCH = """
WITH hits AS ({hits}), best AS (
    SELECT DISTINCT ON (thread) thread, rank::float8 AS rank, message FROM hits ORDER BY thread, rank DESC
), page AS (
    SELECT thread, rank, message, t.title FROM best JOIN chat_thread t ON t.id = thread
    WHERE t.withdrawn_at IS NULL AND (%(archived)s::bool IS NULL OR t.archived = %(archived)s)
      AND (%(rank)s::float8 IS NULL OR (rank, thread) < (%(rank)s, %(thread)s))
    ORDER BY rank DESC, thread DESC LIMIT %(limit)s
)
SELECT page.thread, page.rank, coalesce(left(m.readable, %(characters)s), page.title)
FROM page LEFT JOIN chat_message m ON m.id = page.message ORDER BY page.rank DESC, page.thread DESC
"""


def search(owner: int, wanted: Listing) -> tuple[list[tuple[Thread, Excerpt]], str | None]:
    """Return one page of matching threads, best first, with excerpts, and the cursor of the next page."""
    terms = search_terms.query_terms(wanted.words)
    rows = _rows(owner, wanted, terms) if terms else []
    more = (
        encode_cursor([rows[wanted.limit - 1][1], rows[wanted.limit - 1][0]])
        if len(rows) > wanted.limit
        else None
    )
    rows = rows[: wanted.limit]
    threads = with_active(Thread.objects.owned_by(owner)).in_bulk([row[0] for row in rows])
    return [(threads[pk], excerpt(text, terms)) for pk, _, text in rows if pk in threads], more


def _rows(owner: int, wanted: Listing, terms: list[search_terms.Term]) -> list[tuple[int, float, str]]:
    """Return the thread, rank and text of one hit more than the page takes."""
    rank, thread = decode_cursor(wanted.cursor, tuple[float, int]) if wanted.cursor else (None, None)
    search_index.index_messages(owner)
    search_index.index_titles(owner)
    values: dict[str, Any] = {
        "owner": owner,
        "query": search_terms.search_query(terms),
        "words": wanted.words[: search_terms.QUERY_CHARACTERS],
        "archived": wanted.archived,
        "rank": rank,
        "thread": thread,
        "limit": wanted.limit + 1,
        "characters": PAGE_CHARACTERS // wanted.limit,
    }
    hits = _HITS + _UNINDEXED_HITS if search_index.is_incomplete(owner) else _HITS
    with connection.cursor() as cursor:
        cursor.execute(_SEARCH.format(hits=hits), values)
        return list(cursor.fetchall())


def search_words(owner: int, words: str) -> list[dict[str, str]]:
    """Return the titles and excerpts of the best matches, for the search tool."""
    found, _ = search(owner, Listing(TOOL_RESULTS, None, words, None))
    return [{"title": thread.title, "excerpt": part.text} for thread, part in found]
