"""What the admin asks of all users' rows: where words stand, and how many rows a list has. In milliseconds on a million."""

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

from chat.models import Message, Response, Thread, User

HITS = 5_000
"""Rows with the words of a search that are looked up by the words' index: a few milliseconds. Where there are more, the
newest rows are looked through instead: among them are enough for a page."""

_WORDS = r"SELECT regexp_replace(plainto_tsquery('simple', %s)::text, $$('(?:[^']|'')+')$$, '\1:*', 'g')"

_OFTEN = """
SELECT unnest(most_common_vals::text::text[]) FROM pg_stats
WHERE schemaname = current_schema() AND tablename = %s AND attname = 'model'
"""


def estimated(rows: QuerySet[Any]) -> int:
    """How many rows a query has, as the planner guesses from its statistics."""
    plan = json.loads(rows.order_by().explain(format="json"))
    return int(plan[0]["Plan"]["Plan Rows"])


def words_of(words: str) -> SearchQuery | None:
    """A query for words that begin like these; None where there are none."""
    with connection.cursor() as cursor:
        cursor.execute(_WORDS, [words])
        query = cursor.fetchone()[0]
    return SearchQuery(query, config="simple", search_type="raw") if query else None


def with_words(words: str) -> Q:
    """For a filter: messages in whose readable text the words stand. Hidden ones have none."""
    query = words_of(words)
    if query is None:
        return Q(pk__in=[])
    found = limited_keys(Message.objects.visible().filter(search=query).values_list("pk", flat=True))
    return Q(hidden=False, search=query) if found is None else Q(pk__in=found)


def in_threads(words: str) -> Q:
    """For a filter: threads in whose title or readable text the words stand."""
    query = words_of(words)
    if query is None:
        return Q(pk__in=[])
    found = limited_keys(Thread.objects.filter(search=query).values_list("pk", flat=True))
    here = Q(search=query) if found is None else Q(pk__in=found)
    said = Message.objects.visible().filter(search=query)
    found = limited_keys(said.values_list("thread_id", flat=True))
    return here | (_row_by_row(said) if found is None else Q(pk__in=set(found)))


def _row_by_row(said: QuerySet[Message]) -> Q:
    """Whether a thread has one of these messages; of EXISTS the planner makes a table of all threads that have."""
    of_thread = said.filter(thread=OuterRef("pk")).order_by().values(found=Value(True))
    return Q(Exact(Coalesce(Subquery(of_thread[:1]), Value(False)), Value(True)))


def named(name: str) -> Q:
    """For a filter: the responses of this id, of the thread of this id, or of the user of this name.

    Looked up one by one: what is left of the choice is one condition, which an index meets.
    """
    parts: dict[str, Any] = {
        "pk__in": Response.objects.filter(public_id=name).values_list("pk", flat=True),
        "thread__in": Thread.objects.filter(public_id=name).values_list("pk", flat=True),
        "owner__in": User.objects.filter(username=name).values_list("pk", flat=True),
    }
    found = {lookup: list(keys) for lookup, keys in parts.items()}
    return reduce(or_, (Q(**{lookup: keys}) for lookup, keys in found.items() if keys), Q(pk__in=[]))


def limited_keys(keys: Any) -> list[int] | None:
    """All of these keys, or None where there are so many that the newest rows are better looked through."""
    found = list(keys.order_by()[: HITS + 1])
    return found if len(found) <= HITS else None


def models_of(table: str, configured: tuple[str, ...]) -> list[str]:
    """The models that are configured, and those that rows of a table often name, by the planner's statistics."""
    with connection.cursor() as cursor:
        cursor.execute(_OFTEN, [table])
        often = [name for (name,) in cursor.fetchall()]
    return list(dict.fromkeys([*configured, *sorted(often)]))
