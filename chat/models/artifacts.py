"""Artifacts: documents in replies, of which each edit is a new version."""

from __future__ import annotations

from typing import NamedTuple

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from chat.models.accounts import User
from chat.models.querysets import ID_LENGTH, OwnedQuerySet
from chat.models.threads import Message, Thread


class ArtifactLabel(NamedTuple):
    """The names of a version of an artifact; the fields as in `Artifact`."""

    public_id: str
    version: int
    kind: str
    title: str


class Artifact(models.Model):
    """One version of an artifact. Its text stands in the message alone, as the `place`th artifact there, counted from 0.

    `name`: its id as the texts of its thread have it; `public_id`: unique for each owner, with the version. `title` is made of
    the text. The database deletes the row with its message.
    """

    owner = models.ForeignKey(User, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    thread = models.ForeignKey(Thread, models.DO_NOTHING, related_name="+", db_constraint=False)
    message = models.ForeignKey(
        Message, models.DO_NOTHING, related_name="artifacts", db_constraint=False, db_index=False
    )
    place = models.SmallIntegerField()
    public_id = models.CharField(max_length=ID_LENGTH)
    version = models.IntegerField()
    name = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=32)
    title = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["owner", "public_id", "version"], name="artifact_version"),
            models.UniqueConstraint(fields=["message", "place"], name="artifact_place"),
            models.CheckConstraint(condition=Q(version__gte=1, place__gte=0), name="artifact_numbers"),
        ]

    def __str__(self) -> str:
        return f"artifact {self.pk}"
