"""Excerpts of what the admin's searches found: a fixed number of statements for the rows of one page."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import QuerySet
from django.db.models.functions import Left

from chat.models import Message, ThoughtTerms
from chat.reporting.admin_queries import TermsQuery
from chat.streams import thoughts
from chat.text import search_terms
from chat.threads.search.excerpts import Excerpt, excerpt

# Characters read for the excerpts of one page: folding and searching them takes some 50 ms.
PAGE_CHARACTERS = 1_000_000


@dataclass(frozen=True, slots=True)
class FoundExcerpt:
    """An excerpt and its source: a message, or a response for its thought. Both are primary keys."""

    excerpt: Excerpt
    message: int | None = None
    response: int | None = None


def of_threads(threads: Collection[int], words: str) -> dict[int, FoundExcerpt]:
    """Return for each thread the newest message with the words, or else the newest thought."""
    terms = search_terms.query_terms(words)
    if not terms or not threads:
        return {}
    limit = PAGE_CHARACTERS // len(threads)
    placed = Message.objects.visible().filter(thread__in=threads, turn__isnull=False, terms=_query(terms))
    newest = placed.order_by("thread", "-pk").distinct("thread").annotate(text=Left("plain_text", limit))
    found = {
        thread: FoundExcerpt(excerpt(text, terms), message=pk)
        for thread, pk, text in newest.values_list("thread", "pk", "text")
    }
    return found | _of_thoughts([thread for thread in threads if thread not in found], terms, limit)


def of_messages(messages: Collection[int], words: str) -> dict[int, Excerpt]:
    """Return the excerpts of those messages that contain the words."""
    terms = search_terms.query_terms(words)
    if not terms or not messages:
        return {}
    rows: QuerySet[Message] = Message.objects.visible().filter(pk__in=messages, terms=_query(terms))
    texts = rows.annotate(text=Left("plain_text", PAGE_CHARACTERS // len(messages))).values_list("pk", "text")
    return {pk: excerpt(text, terms) for pk, text in texts}


def _of_thoughts(threads: list[int], terms: list[search_terms.Term], limit: int) -> dict[int, FoundExcerpt]:
    if not threads:
        return {}
    rows = ThoughtTerms.objects.filter(response__thread__in=threads, terms=_query(terms))
    newest = rows.order_by("response__thread", "-response").distinct("response__thread")
    responses = dict(newest.values_list("response__thread", "response"))
    texts = thoughts.beginnings_of(list(responses.values()), limit)
    return {
        thread: FoundExcerpt(excerpt(texts.get(response, ""), terms, thinking=True), response=response)
        for thread, response in responses.items()
    }


def _query(terms: list[search_terms.Term]) -> TermsQuery:
    return TermsQuery(search_terms.search_query(terms))
