"""Full-text search in a user's files, for the tool `search_files`.

The files are those of the user's messages. Of temporary chats, and in them, only a chat's own files count: nothing of such a
chat is found elsewhere, and nothing from elsewhere gets into it.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from chat.db import sql
from chat.text import search_terms

# Passages in one result: 18,000 characters, which leave room for the answer.
RESULTS = 6
# Characters of other chats' files that one search reads, the newest files first: 10,000 passages.
SEARCHED_CHARACTERS = 30_000_000

# A number with its digits in groups; the text of a spreadsheet's cell has none.
_GROUPED = re.compile(r"(?<![0-9.,])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])")

# The chats that show a file `a`, of those whose files count.
_CHATS = """
FROM chat_attachmentuse u JOIN chat_message m ON m.id = u.message_id JOIN chat_thread t ON t.id = m.thread_id
WHERE u.attachment_id = a.id AND m.owner_id = %(owner)s AND t.withdrawn_at IS NULL AND (t.id = %(thread)s OR (
    t.expires_at IS NULL AND EXISTS (SELECT FROM chat_thread h WHERE h.id = %(thread)s AND h.expires_at IS NULL)
))
"""
_READABLE = "a.owner_id = %(owner)s AND a.characters > 0 AND a.soft_deleted_at IS NULL"

_HITS = f"""
WITH files AS (
    SELECT a.id, a.name, chats.here, chats.title,
        sum(a.characters) OVER (ORDER BY chats.here DESC, a.id DESC) - a.characters AS before
    FROM chat_attachment a CROSS JOIN LATERAL (
        SELECT bool_or(t.id = %(thread)s) AS here, (array_agg(t.title ORDER BY t.id DESC))[1] AS title {_CHATS}
    ) chats
    WHERE {_READABLE} AND (%(name)s = '' OR lower(a.name) = lower(%(name)s)) AND chats.here IS NOT NULL
)
SELECT f.name, p.label, p.text, CASE WHEN f.here THEN '' ELSE f.title END
FROM files f JOIN chat_filepassage p ON p.attachment_id = f.id
WHERE (f.here OR f.before < %(characters)s) AND p.terms @@ %(query)s::tsquery
ORDER BY f.here DESC, ts_rank(p.terms, %(query)s::tsquery) DESC, f.id, p.position LIMIT %(limit)s
"""
_HAS_OTHERS = f"""
SELECT EXISTS (
    SELECT FROM chat_attachment a WHERE {_READABLE} AND a.id <> ALL(%(known)s::bigint[]) AND EXISTS (SELECT {_CHATS})
)
"""


def search_files(owner: int, thread: int, words: str, name: str) -> list[dict[str, str]]:
    """Return the best passages in the owner's files, those of a thread first: with all words, or else with any.

    `name`: the file to search, empty for all. Passages from elsewhere have the title of their `chat`.
    """
    ungrouped = _GROUPED.sub(lambda number: number[0].replace(",", ""), words)
    queries = [
        search_terms.search_query(search_terms.query_terms(each))
        for each in dict.fromkeys((words, ungrouped))
    ]
    for query in filter(None, (*queries, " | ".join(queries).replace(" & ", " | "))):
        if found := _hits(owner, thread, query, name):
            return [_result(*row) for row in found]
    return []


def _result(file: str, label: str, text: str, chat: str) -> dict[str, str]:
    found = {"file": file, "place": label, "text": text}
    return {**found, "chat": chat} if chat else found


def _hits(owner: int, thread: int, query: str, name: str) -> list[tuple[str, str, str, str]]:
    values = {
        "owner": owner,
        "thread": thread,
        "query": query,
        "name": name,
        "characters": SEARCHED_CHARACTERS,
        "limit": RESULTS,
    }
    return [(row[0], row[1], row[2], row[3]) for row in sql.rows(_HITS, values)]


def has_others(owner: int, thread: int, known: Collection[int]) -> bool:
    """Return whether a search in a thread can find anything in files other than the `known` ones (primary keys)."""
    return bool(sql.value(_HAS_OTHERS, {"owner": owner, "thread": thread, "known": list(known)}))
