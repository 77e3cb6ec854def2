"""Shared parts of the tables: rows with an owner, ids that clients choose, search vectors."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models.functions import Left

# Characters; the contract's limit for ids that clients choose.
ID_LENGTH = 128

# Searched part of a text: a tsvector must stay under 1 MiB, and a character with its position takes 10 bytes.
SEARCHED_CHARACTERS = 100_000


def search_vector(column: str) -> models.GeneratedField:
    """Return a column of the words of `column`, in any language: no stemming, no stop words."""
    expression = SearchVector(Left(column, SEARCHED_CHARACTERS), config="simple")
    return models.GeneratedField(expression=expression, output_field=SearchVectorField(), db_persist=True)


M = TypeVar("M", bound=models.Model)


class OwnedQuerySet(models.QuerySet[M]):
    """A queryset of rows with an owner."""

    def owned_by(self, owner_id: int) -> Self:
        return self.filter(owner_id=owner_id)


def raw_delete(queryset: models.QuerySet[Any]) -> None:
    """Delete the rows in one statement, without loading them; referring rows must be deleted before."""
    queryset._raw_delete(queryset.db)
