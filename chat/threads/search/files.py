"""Search in a user's files, for the tool `search_files`: by words, and by meaning where embeddings are configured."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, NamedTuple

from chat.db import sql
from chat.llm.vectors import QueryVector
from chat.text import search_terms
from chat.threads.search.meaning import PassageKey, fused, nearest
from chat.threads.search.readable_files import CHATS, FILES, READABLE

# Passages in one result: 18,000 characters, which leave room for the answer.
RESULTS = 6
# Passages of each ranking that are fused into one result.
RANKED = 20

# A number with its digits in groups; the text of a spreadsheet's cell has none.
_GROUPED = re.compile(r"(?<![0-9.,])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])")

_COLUMNS = "SELECT f.id, p.position, f.name, p.label, p.text, f.chat"
_HITS = f"""
{FILES} {_COLUMNS} FROM files f JOIN chat_filepassage p ON p.attachment_id = f.id
WHERE p.terms @@ %(query)s::tsquery
ORDER BY f.here DESC, ts_rank(p.terms, %(query)s::tsquery) DESC, f.id, p.position LIMIT %(limit)s
"""
_PASSAGES = f"""
{FILES} {_COLUMNS} FROM unnest(%(keys)s::bigint[], %(positions)s::int[]) WITH ORDINALITY wanted(id, position, place)
JOIN files f USING (id) JOIN chat_filepassage p ON p.attachment_id = f.id AND p.position = wanted.position
ORDER BY f.here DESC, wanted.place
"""
_HAS_OTHERS = f"""
SELECT EXISTS (
    SELECT FROM chat_attachment a WHERE {READABLE} AND a.id <> ALL(%(known)s::bigint[]) AND EXISTS (SELECT {CHATS})
)
"""


class FoundPassage(NamedTuple):
    """A passage with its file, its place in it, and the title of the chat that shows the file, empty for the chat itself."""

    file: int
    position: int
    name: str
    label: str
    text: str
    chat: str

    @property
    def key(self) -> PassageKey:
        return self.file, self.position

    def result(self) -> dict[str, str]:
        found = {"file": self.name, "place": self.label, "text": self.text}
        return {**found, "chat": self.chat} if self.chat else found


def search_files(
    owner: int, thread: int, words: str, name: str, vector: QueryVector | None = None
) -> list[dict[str, str]]:
    """Return the best passages in the owner's files, those of a thread first: with all words, or else with any.

    With the query's `vector` they are fused with those that are near to it. `name`: the file to search, empty for all.
    Passages from elsewhere have the title of their `chat`.
    """
    values = {"owner": owner, "thread": thread, "name": name}
    if vector is None:
        found = _by_words(values, words, RESULTS)
    else:
        worded = [passage.key for passage in _by_words(values, words, RANKED)]
        found = _passages(values, fused(worded, *nearest(values, vector, RANKED))[:RESULTS])
    return [passage.result() for passage in found]


def _by_words(values: dict[str, Any], words: str, limit: int) -> list[FoundPassage]:
    ungrouped = _GROUPED.sub(lambda number: number[0].replace(",", ""), words)
    queries = [
        search_terms.search_query(search_terms.query_terms(each))
        for each in dict.fromkeys((words, ungrouped))
    ]
    for query in filter(None, (*queries, " | ".join(queries).replace(" & ", " | "))):
        if rows := sql.rows(_HITS, {**values, "query": query, "limit": limit}):
            return [FoundPassage(*row) for row in rows]
    return []


def _passages(values: dict[str, Any], keys: list[PassageKey]) -> list[FoundPassage]:
    """Return passages by their keys, those of the thread first, each kind in the order of the keys."""
    wanted = {"keys": [file for file, _ in keys], "positions": [position for _, position in keys]}
    return [FoundPassage(*row) for row in sql.rows(_PASSAGES, {**values, **wanted})]


def has_others(owner: int, thread: int, known: Collection[int]) -> bool:
    """Return whether a search in a thread can find anything in files other than the `known` ones (primary keys)."""
    return bool(sql.value(_HAS_OTHERS, {"owner": owner, "thread": thread, "known": list(known)}))
