"""Full-text search in the files of a thread, for the tool `search_files`."""

from __future__ import annotations

import re

from chat.db import sql
from chat.text import search_terms

# Passages in one result: 18,000 characters, which leave room for the answer.
RESULTS = 6

# A number with its digits in groups; the text of a spreadsheet's cell has none.
_GROUPED = re.compile(r"(?<![0-9.,])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])")

_HITS = """
SELECT a.name, p.label, p.text
FROM chat_filepassage p JOIN chat_attachment a ON a.id = p.attachment_id
WHERE a.owner_id = %(owner)s AND a.soft_deleted_at IS NULL AND (%(name)s = '' OR lower(a.name) = lower(%(name)s))
  AND EXISTS (
    SELECT FROM chat_attachmentuse u JOIN chat_message m ON m.id = u.message_id
    WHERE u.attachment_id = a.id AND m.thread_id = %(thread)s AND m.owner_id = %(owner)s
  )
  AND p.terms @@ %(query)s::tsquery
ORDER BY ts_rank(p.terms, %(query)s::tsquery) DESC, a.id, p.position LIMIT %(limit)s
"""


def search_files(owner: int, thread: int, words: str, name: str) -> list[dict[str, str]]:
    """Return the best passages in the owner's files of a thread: those with all words, or else with any.

    `name`: the file to search, empty for all.
    """
    ungrouped = _GROUPED.sub(lambda number: number[0].replace(",", ""), words)
    queries = [
        search_terms.search_query(search_terms.query_terms(each))
        for each in dict.fromkeys((words, ungrouped))
    ]
    for query in filter(None, (*queries, " | ".join(queries).replace(" & ", " | "))):
        if found := _hits(owner, thread, query, name):
            return [{"file": file, "place": label, "text": text} for file, label, text in found]
    return []


def _hits(owner: int, thread: int, query: str, name: str) -> list[tuple[str, str, str]]:
    values = {"owner": owner, "thread": thread, "query": query, "name": name, "limit": RESULTS}
    return [(row[0], row[1], row[2]) for row in sql.rows(_HITS, values)]
