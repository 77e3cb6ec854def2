"""Search terms of thoughts."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q

from chat.models.responses import Response


class ThoughtTerms(models.Model):
    """The search terms of an ended response's thought; null until they are made (`chat.threads.search.index`).

    The database adds the row when a response with thought ends, and deletes it with the response or its thought. A table of
    its own: every prompt reads responses and messages, and only a search reads terms.
    """

    response = models.OneToOneField(
        Response, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="+"
    )
    terms = SearchVectorField(null=True, editable=False)

    class Meta:
        default_permissions = ()
        verbose_name_plural = "thought terms"
        indexes = [
            GinIndex(fields=["terms"], name="thought_terms", condition=Q(terms__isnull=False)),
            models.Index(fields=["response"], condition=Q(terms=None), name="thought_unindexed"),
        ]

    def __str__(self) -> str:
        return f"#{self.response_id}"
