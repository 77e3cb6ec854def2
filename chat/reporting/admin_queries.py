"""Queries of the admin over all users' rows, in milliseconds on a million: words, ids, row estimates."""

from __future__ import annotations

import json
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from chat.models import Message, Response, ThoughtTerms, Thread, User
from chat.text import search_terms
from chat.threads.search import index as search_index

HITS = 5_000
"""Rows with the words of a search that are looked up by the words' index: a few milliseconds. Where there are more, the
newest rows are looked through instead: among them are enough for a page."""

_OFTEN = """
SELECT unnest(most_common_vals::text::text[]) FROM pg_stats
WHERE schemaname = current_schema() AND tablename = %s AND attname = 'model'
"""


def estimated(rows: QuerySet[Any]) -> int:
    """Return the planner's estimate of a query's rows."""
    plan = json.loads(rows.order_by().explain(format="json"))
    return int(plan[0]["Plan"]["Plan Rows"])


class TermsQuery(SearchQuery):
    """A query whose terms are cut already, so that Postgres' parser must not cut them again."""

    def __init__(self, literal: str) -> None:
        super().__init__(literal, search_type="raw")

    def as_sql(self, compiler: Any, connection: Any, *_: Any, **__: Any) -> Any:
        return super().as_sql(compiler, connection, template="%(expressions)s::tsquery")


def words_of(words: str) -> TermsQuery | None:
    """Return a query for words with these beginnings, or None without words. Index new rows first."""
    search_index.index_messages()
    search_index.index_titles()
    search_index.index_thoughts()
    terms = search_terms.query_terms(words)
    return TermsQuery(search_terms.search_query(terms)) if terms else None


def with_words(words: str) -> Q:
    """Return a filter for messages whose plain text contains the words. Hidden messages have none."""
    query = words_of(words)
    if query is None:
        return Q(pk__in=[])
    found = limited_keys(Message.objects.visible().filter(terms=query).values_list("pk", flat=True))
    return Q(hidden=False, terms=query) if found is None else Q(pk__in=found)


def in_threads(words: str) -> Q:
    """Return a filter for threads whose title, plain text or thought contains the words."""
    query = words_of(words)
    if query is None:
        return Q(pk__in=[])
    found = limited_keys(Thread.objects.filter(terms=query).values_list("pk", flat=True))
    here = Q(terms=query) if found is None else Q(pk__in=found)
    said = Message.objects.visible().filter(terms=query)
    return here | _with(said, "thread") | _with(ThoughtTerms.objects.filter(terms=query), "response__thread")


def _with(rows: QuerySet[Any], thread: str) -> Q:
    """Return a filter for the threads that these rows name in the column `thread`."""
    found = limited_keys(rows.values_list(thread, flat=True))
    return _row_by_row(rows, thread) if found is None else Q(pk__in=set(found))


def _row_by_row(rows: QuerySet[Any], thread: str) -> Q:
    """Return a filter that checks one thread at a time; for EXISTS the planner would scan all messages."""
    of_thread = rows.filter(**{thread: OuterRef("pk")}).order_by().values(found=Value(True))
    return Q(Exact(Coalesce(Subquery(of_thread[:1]), Value(False)), Value(True)))


def named(name: str) -> Q:
    """Return a filter for responses by response id, thread id or user name.

    Ids are resolved first, so that the remaining condition can use an index.
    """
    parts: dict[str, Any] = {
        "pk__in": Response.objects.filter(public_id=name).values_list("pk", flat=True),
        "thread__in": Thread.objects.filter(public_id=name).values_list("pk", flat=True),
        "owner__in": User.objects.filter(username=name).values_list("pk", flat=True),
    }
    found = {lookup: list(keys) for lookup, keys in parts.items()}
    return reduce(or_, (Q(**{lookup: keys}) for lookup, keys in found.items() if keys), Q(pk__in=[]))


def limited_keys(keys: Any) -> list[int] | None:
    """Return all of these keys, or None beyond HITS, where scanning the newest rows is cheaper."""
    found = list(keys.order_by()[: HITS + 1])
    return found if len(found) <= HITS else None


def models_of(table: str, configured: tuple[str, ...]) -> list[str]:
    """Return the configured models and the table's frequent ones, by the planner's statistics."""
    with connection.cursor() as cursor:
        cursor.execute(_OFTEN, [table])
        often = [name for (name,) in cursor.fetchall()]
    return list(dict.fromkeys([*configured, *sorted(often)]))
