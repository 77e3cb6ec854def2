"""Uploaded pictures, and the messages that show them."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Now

from chat.models.accounts import User
from chat.models.querysets import OwnedQuerySet
from chat.models.threads import Message

# Random bytes in an id: 128 bits, which cannot be guessed.
ATTACHMENT_BYTES = 16
CONTENT_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")


def new_attachment_id() -> str:
    return secrets.token_urlsafe(ATTACHMENT_BYTES)


class Attachment(models.Model):
    """A picture, for its owner and for the models that take pictures. Never changed; its id is unique in the whole table."""

    owner = models.ForeignKey(User, models.CASCADE, related_name="+", db_constraint=False)
    public_id = models.CharField(max_length=64, unique=True, default=new_attachment_id, editable=False)
    content_type = models.CharField(max_length=16)
    size = models.IntegerField()
    data = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(content_type__in=CONTENT_TYPES), name="attachment_type"),
            models.CheckConstraint(
                condition=Q(size=Func("data", function="octet_length")), name="attachment_size"
            ),
        ]

    def __str__(self) -> str:
        return f"attachment {self.pk}"


class AttachmentUse(models.Model):
    """A message that shows an attachment. The database deletes the row with either of them."""

    attachment = models.ForeignKey(Attachment, models.CASCADE, related_name="uses", db_constraint=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="+", db_constraint=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attachment", "message"], name="attachment_use_once")]

    def __str__(self) -> str:
        return f"attachment {self.attachment_id} in message {self.message_id}"
