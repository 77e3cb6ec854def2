"""Full-text search in a user's own threads: titles and plain text, words matched by their beginnings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.db import connection

from chat.models import Thread
from chat.threads.threads import Listing, decode_cursor, encode_cursor, with_active

# Characters, two lines of a thread list.
EXCERPT_CHARACTERS = 160
# Characters of context ahead of the first match.
BEFORE_CHARACTERS = 40
# Threads in one result of the search tool.
TOOL_RESULTS = 5

_SEARCH = """
WITH asked AS (
    SELECT regexp_replace(plainto_tsquery('simple', %(words)s)::text, $$('(?:[^']|'')+')$$, '\\1:*', 'g')::tsquery AS query
), hits AS (
    SELECT t.id AS thread, 2 * ts_rank(t.search, query) AS rank, t.title AS found
    FROM asked, chat_thread t WHERE t.owner_id = %(owner)s AND t.search @@ query
    UNION ALL
    SELECT m.thread_id, ts_rank(m.search, query), left(m.readable, 100000)
    FROM asked, chat_message m
    WHERE m.owner_id = %(owner)s AND NOT m.hidden AND m.turn IS NOT NULL AND m.search @@ query
), best AS (
    SELECT DISTINCT ON (thread) thread, rank::float8 AS rank, found FROM hits ORDER BY thread, rank DESC
)
SELECT thread, rank, found FROM best JOIN chat_thread t ON t.id = thread
WHERE t.withdrawn_at IS NULL AND (%(archived)s::bool IS NULL OR t.archived = %(archived)s)
  AND (%(rank)s::float8 IS NULL OR (rank, thread) < (%(rank)s, %(thread)s))
ORDER BY rank DESC, thread DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Text around the first match, and the character ranges in it that matched."""

    text: str
    ranges: list[tuple[int, int]]


def search(owner: int, wanted: Listing) -> tuple[list[tuple[Thread, Excerpt]], str | None]:
    """Return one page of matching threads, best first, with excerpts, and the cursor of the next page."""
    rank, thread = decode_cursor(wanted.cursor, tuple[float, int]) if wanted.cursor else (None, None)
    facts: dict[str, Any] = {
        "owner": owner,
        "words": wanted.words,
        "archived": wanted.archived,
        "limit": wanted.limit + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_SEARCH, {**facts, "rank": rank, "thread": thread})
        rows = cursor.fetchall()
    more = (
        encode_cursor([rows[wanted.limit - 1][1], rows[wanted.limit - 1][0]])
        if len(rows) > wanted.limit
        else None
    )
    rows = rows[: wanted.limit]
    threads = with_active(Thread.objects.owned_by(owner)).in_bulk([row[0] for row in rows])
    return [(threads[pk], excerpt(found, wanted.words)) for pk, _, found in rows if pk in threads], more


def excerpt(found: str, words: str) -> Excerpt:
    """Return the part of a text that contains the words."""
    wanted = [re.escape(word) for word in re.findall(r"\w+", words)]
    pattern = re.compile(rf"\b(?:{'|'.join(wanted)})\w*", re.IGNORECASE) if wanted else re.compile(r"(?!)")
    first = pattern.search(found)
    start = max(0, first.start() - BEFORE_CHARACTERS) if first else 0
    text = found[start : start + EXCERPT_CHARACTERS]
    return Excerpt(text, [match.span() for match in pattern.finditer(text)])


def search_words(owner: int, words: str) -> list[dict[str, str]]:
    """Return the titles and excerpts of the best matches, for the search tool."""
    found, _ = search(owner, Listing(TOOL_RESULTS, None, words, None))
    return [{"title": thread.title, "excerpt": part.text} for thread, part in found]
