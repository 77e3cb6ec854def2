"""The vectors of files' passages, for search by meaning."""

from __future__ import annotations

from typing import Any

from django.db import models

from chat.models.attachments import Attachment


class BitsField(models.Field[str | None, str | None]):
    """A string of zeros and ones, which the database holds as bits and compares by them."""

    def db_type(self, connection: Any) -> str:
        return "bit varying"


class FileVector(models.Model):
    """The vector of a passage (`chat.llm.vectors`). The database deletes the row with its attachment.

    Both columns are null for a passage without words, and for one that the server of embeddings refused.
    """

    attachment = models.ForeignKey(
        Attachment, models.CASCADE, related_name="vectors", db_constraint=False, db_index=False
    )
    position = models.IntegerField()
    signs = BitsField(null=True)
    data = models.BinaryField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["attachment", "position"], name="file_vector_once")]

    def __str__(self) -> str:
        return f"vector {self.position} of attachment {self.attachment_id}"
