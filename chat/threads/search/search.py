"""Full-text search in the threads that a user may read: titles, plain text, thought, by `chat.text.search_terms`."""

from __future__ import annotations

from typing import Any

from django.db import connection

from chat.models import Thread
from chat.permissions import threads as permissions
from chat.streams import thoughts
from chat.text import search_terms
from chat.threads.search import index as search_index
from chat.threads.search.excerpts import Excerpt, excerpt
from chat.threads.threads import Listing, decode_cursor, encode_cursor, with_active

# A thread with the excerpt that matched.
Hit = tuple[Thread, Excerpt]

# Threads in one result of the search tool.
TOOL_RESULTS = 5
# Characters read for the excerpts of one page: folding and searching them takes some 50 ms.
PAGE_CHARACTERS = 1_000_000

# Share of a thought's rank: a thread that says a word stands above one whose model only thought it.
THOUGHT_WEIGHT = 0.25

_HITS = """
    SELECT id AS thread, 2 * ts_rank(terms, %(query)s::tsquery) AS rank, NULL::bigint AS message, NULL::bigint AS thought
    FROM chat_thread WHERE {threads} AND terms @@ %(query)s::tsquery
    UNION ALL
    SELECT thread_id, ts_rank(terms, %(query)s::tsquery), id, NULL
    FROM chat_message
    WHERE {rows} AND NOT hidden AND turn IS NOT NULL AND terms @@ %(query)s::tsquery
"""

_THOUGHT_HITS = f"""
    UNION ALL
    SELECT r.thread_id, {THOUGHT_WEIGHT} * ts_rank(t.terms, %(query)s::tsquery), NULL, r.id
    FROM chat_thoughtterms t JOIN chat_response r ON r.id = t.response_id
    WHERE {{responses}} AND t.terms @@ %(query)s::tsquery
"""

# Rows without terms yet, of an older program: by the words that Postgres itself finds in them.
_WORDS = """
regexp_replace(plainto_tsquery('simple', %(words)s)::text, $$('(?:[^']|'')+')$$, '\\1:*', 'g')
"""
_UNINDEXED_HITS = f"""
    UNION ALL
    SELECT id, 2 * ts_rank(search, words), NULL, NULL
    FROM chat_thread, CAST({_WORDS} AS tsquery) words
    WHERE {{threads}} AND terms IS NULL AND search @@ words
    UNION ALL
    SELECT thread_id, ts_rank(search, words), id, NULL
    FROM chat_message, CAST({_WORDS} AS tsquery) words
    WHERE {{rows}} AND NOT hidden AND turn IS NOT NULL AND terms IS NULL AND search @@ words
"""

_SEARCH = """
WITH hits AS ({hits}), best AS (
    SELECT DISTINCT ON (thread) thread, rank::float8 AS rank, message, thought,
        first_value(message) OVER (PARTITION BY thread ORDER BY message IS NULL, rank DESC) AS found
    FROM hits ORDER BY thread, thought IS NOT NULL, rank DESC
), page AS (
    SELECT thread, rank, message, thought, found, t.title FROM best JOIN chat_thread t ON t.id = thread
    WHERE t.withdrawn_at IS NULL AND t.expires_at IS NULL
      AND (%(archived)s::bool IS NULL OR t.archived = %(archived)s)
      AND (%(rank)s::float8 IS NULL OR (rank, thread) < (%(rank)s, %(thread)s))
    ORDER BY rank DESC, thread DESC LIMIT %(limit)s
)
SELECT page.thread, page.rank, coalesce(left(m.readable, %(characters)s), page.title), page.thought,
    coalesce(f.public_id, r.public_id)
FROM page LEFT JOIN chat_message m ON m.id = page.message LEFT JOIN chat_message f ON f.id = page.found
LEFT JOIN chat_response r ON r.id = page.thought ORDER BY page.rank DESC, page.thread DESC
"""


def search(user: int, wanted: Listing, *, thought: bool = True) -> tuple[list[Hit], str | None]:
    """Return one page of matching threads, best first, with excerpts, and the cursor of the next page.

    The excerpt is from a thought only where nothing else in the thread matched; `thought=False` searches none.
    """
    terms = search_terms.query_terms(wanted.words)
    rows = _rows(user, wanted, terms, thought) if terms else []
    more = (
        encode_cursor([rows[wanted.limit - 1][1], rows[wanted.limit - 1][0]])
        if len(rows) > wanted.limit
        else None
    )
    rows = rows[: wanted.limit]
    threads = with_active(permissions.readable(Thread.objects.all(), user)).in_bulk([row[0] for row in rows])
    found = thoughts.beginnings_of([row[3] for row in rows if row[3]], _characters(wanted))
    hits = list[Hit]()
    for pk, _, text, response, message in rows:
        if pk in threads:
            source = text if response is None else found.get(response, "")
            part = excerpt(source, terms, thinking=response is not None, message=message)
            hits.append((threads[pk], part))
    return hits, more


def _characters(wanted: Listing) -> int:
    return PAGE_CHARACTERS // wanted.limit


def _rows(
    user: int, wanted: Listing, terms: list[search_terms.Term], thought: bool
) -> list[tuple[int, float, str, int | None, str | None]]:
    """Return thread, rank, text, response for a thought, and message, of one hit more than the page takes."""
    rank, thread = decode_cursor(wanted.cursor, tuple[float, int]) if wanted.cursor else (None, None)
    search_index.index_messages(user)
    search_index.index_titles(user)
    if thought:
        search_index.index_thoughts(user)
    values: dict[str, Any] = {
        "user": user,
        "query": search_terms.search_query(terms),
        "words": wanted.words[: search_terms.QUERY_CHARACTERS],
        "archived": wanted.archived,
        "rank": rank,
        "thread": thread,
        "limit": wanted.limit + 1,
        "characters": _characters(wanted),
    }
    hits = _HITS + (_THOUGHT_HITS if thought else "")
    if search_index.is_incomplete(user):
        hits += _UNINDEXED_HITS
    with connection.cursor() as cursor:
        cursor.execute(_SEARCH.format(hits=hits.format(**_conditions())), values)
        return list(cursor.fetchall())


def _conditions() -> dict[str, str]:
    """Return the conditions under which the user may read a row that matches."""
    return {
        "threads": permissions.readable_sql("owner_id", "id"),
        "rows": permissions.readable_sql("owner_id", "thread_id"),
        "responses": permissions.readable_sql("r.owner_id", "r.thread_id"),
    }


def search_words(user: int, words: str) -> list[dict[str, str]]:
    """Return the titles and excerpts of the best matches, for the search tool.

    Without thought: what a tool finds goes into answers, and those into shared links.
    """
    found, _ = search(user, Listing(TOOL_RESULTS, None, words, None), thought=False)
    return [{"title": thread.title, "excerpt": part.text} for thread, part in found]
