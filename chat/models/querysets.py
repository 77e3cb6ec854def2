"""Shared parts of the tables: rows with an owner, ids that clients choose, search vectors."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from django.db import models

# Characters; the contract's limit for ids that clients choose.
ID_LENGTH = 128

M = TypeVar("M", bound=models.Model)


class OwnedQuerySet(models.QuerySet[M]):
    """A queryset of rows with an owner."""

    def owned_by(self, owner_id: int) -> Self:
        return self.filter(owner_id=owner_id)


def raw_delete(queryset: models.QuerySet[Any]) -> None:
    """Delete the rows in one statement, without loading them; referring rows must be deleted before."""
    queryset._raw_delete(queryset.db)
