"""Shared parts of the tables: rows with an owner, ids that clients choose, search vectors."""

from __future__ import annotations

from functools import cache
from typing import Any, Self, TypeVar

from django.db import models
from django.db.models.base import ModelState

# Characters; the contract's limit for ids that clients choose.
ID_LENGTH = 128

M = TypeVar("M", bound=models.Model)


class OwnedQuerySet(models.QuerySet[M]):
    """A queryset of rows with an owner."""

    def owned_by(self, owner_id: int) -> Self:
        return self.filter(owner_id=owner_id)


def unsaved(model: type[M], /, **columns: Any) -> M:
    """Return `model(**columns)` for a model whose defaults are constants.

    Django asks each field for its default, by 100 calls of Python for a response: a tenth of those of its claim.
    """
    made = model.__new__(model)
    vars(made).update(_defaults(model), **columns)
    made._state = ModelState()
    return made


@cache
def _defaults(model: type[models.Model]) -> dict[str, Any]:
    return {name: value for name, value in vars(model()).items() if name != "_state"}


def raw_delete(queryset: models.QuerySet[Any]) -> None:
    """Delete the rows in one statement, without loading them; referring rows must be deleted before."""
    queryset._raw_delete(queryset.db)
