"""What the tables share: rows with an owner, ids that clients choose, words to search in."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models.functions import Left

ID_LENGTH = 128  # characters; the contract's limit for ids that clients choose

SEARCHED_CHARACTERS = 100_000
"""Of a text, as far as search reaches: a tsvector must stay under 1 MiB, and a character with its position takes 10 bytes."""


def search_vector(column: str) -> models.GeneratedField:
    """Words of `column` as they stand, in any language: no stemming, no stop words."""
    expression = SearchVector(Left(column, SEARCHED_CHARACTERS), config="simple")
    return models.GeneratedField(expression=expression, output_field=SearchVectorField(), db_persist=True)


M = TypeVar("M", bound=models.Model)


class OwnedQuerySet(models.QuerySet[M]):
    """Rows that belong to somebody."""

    def owned_by(self, owner_id: int) -> Self:
        return self.filter(owner_id=owner_id)


def raw_delete(queryset: models.QuerySet[Any]) -> None:
    """Delete the rows in one statement, without loading them; who calls has deleted what refers to them."""
    queryset._raw_delete(queryset.db)
