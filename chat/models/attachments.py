"""Uploaded pictures and files, the text of the files, and the messages that show them."""

from __future__ import annotations

import secrets
from typing import Self

from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Func, Q
from django.db.models.functions import Now

from chat.models.accounts import User
from chat.models.querysets import OwnedQuerySet
from chat.models.threads import Message
from chat.models.translated import TranslatedChoices

# Random bytes in an id: 128 bits, which cannot be guessed.
ATTACHMENT_BYTES = 16
PICTURE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif")
_OFFICE = "application/vnd.openxmlformats-officedocument"
FILE_TYPES = (
    "application/pdf",
    f"{_OFFICE}.wordprocessingml.document",
    f"{_OFFICE}.spreadsheetml.sheet",
    f"{_OFFICE}.presentationml.presentation",
    "text/html",
    "text/markdown",
    "text/csv",
    "application/json",
    "text/plain",
)


class ReadingState(TranslatedChoices):
    """The state of a file's text; a picture is always ready."""

    READING = "reading"
    READY = "ready"
    FAILED = "failed"


def new_attachment_id() -> str:
    return secrets.token_urlsafe(ATTACHMENT_BYTES)


class AttachmentQuerySet(OwnedQuerySet["Attachment"]):
    """Attachments; those of an owner are without the deleted ones that a legal hold keeps."""

    def owned_by(self, owner_id: int) -> Self:
        return super().owned_by(owner_id).filter(soft_deleted_at=None)


class Attachment(models.Model):
    """A picture or another file, for its owner and for the models. Its id is unique in the whole table.

    Its bytes never change. `name`: that of the upload, made safe; empty for a picture without one. `pages`: pages, sheets or
    slides, null where the kind has none. `characters`, `text_bytes`: the size of its passages. `detail`: why it could not be
    read, for its owner, and `detail_code` for programs. A process that reads it holds it until `reading_until`, for the
    `attempts`th time. `vector_model`: that of its vectors, which it has all at `embedded_at`, in `vector_bytes`; a process
    that makes some of them holds it until `embedding_until`.
    """

    owner = models.ForeignKey(User, models.CASCADE, related_name="+", db_constraint=False)
    public_id = models.CharField(max_length=64, unique=True, default=new_attachment_id, editable=False)
    content_type = models.CharField(max_length=100)
    size = models.IntegerField()
    data = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    name = models.CharField(max_length=255, default="", db_default="")
    state = models.CharField(
        max_length=8, choices=ReadingState, default=ReadingState.READY, db_default=ReadingState.READY
    )
    detail = models.CharField(max_length=255, default="", db_default="")
    detail_code = models.CharField(max_length=16, default="", db_default="")
    pages = models.IntegerField(null=True)
    characters = models.IntegerField(default=0, db_default=0)
    text_bytes = models.IntegerField(default=0, db_default=0)
    reading_until = models.DateTimeField(null=True)
    attempts = models.SmallIntegerField(default=0, db_default=0)
    vector_model = models.CharField(max_length=255, default="", db_default="")
    vector_bytes = models.IntegerField(default=0, db_default=0)
    embedded_at = models.DateTimeField(null=True)
    embedding_until = models.DateTimeField(null=True)
    soft_deleted_at = models.DateTimeField(null=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(content_type__in=(*PICTURE_TYPES, *FILE_TYPES)), name="attachment_type"
            ),
            models.CheckConstraint(
                condition=Q(size=Func("data", function="octet_length")), name="attachment_size"
            ),
            models.CheckConstraint(condition=Q(state__in=ReadingState.values), name="attachment_state"),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(state=ReadingState.READING), name="attachment_unread"),
            models.Index(
                fields=["id"], condition=Q(soft_deleted_at__isnull=False), name="attachment_soft_deleted"
            ),
            # Each request to a model asks whether its user has any.
            models.Index(fields=["owner"], condition=Q(characters__gt=0), name="attachment_with_text"),
            models.Index(
                fields=["id"],
                condition=Q(characters__gt=0, embedded_at__isnull=True),
                name="attachment_unembedded",
            ),
            models.Index(
                fields=["vector_model"],
                condition=Q(embedded_at__isnull=False),
                name="attachment_embedded",
            ),
        ]

    def __str__(self) -> str:
        return f"attachment {self.pk}"

    @property
    def is_picture(self) -> bool:
        return self.content_type in PICTURE_TYPES


class FilePassage(models.Model):
    """A piece of a file's text, of about a page, with its search terms. The database deletes the row with its attachment.

    `label`: where it stands in the file, as `page 12`.
    """

    attachment = models.ForeignKey(
        Attachment, models.CASCADE, related_name="passages", db_constraint=False, db_index=False
    )
    position = models.IntegerField()
    label = models.CharField(max_length=200)
    text = models.TextField()
    terms = SearchVectorField(null=True, editable=False)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["attachment", "position"], name="file_passage_once")]

    def __str__(self) -> str:
        return f"passage {self.position} of attachment {self.attachment_id}"


class AttachmentUse(models.Model):
    """A message that shows an attachment. The database deletes the row with either of them."""

    attachment = models.ForeignKey(
        Attachment, models.CASCADE, related_name="uses", db_constraint=False, db_index=False
    )
    message = models.ForeignKey(Message, models.CASCADE, related_name="+", db_constraint=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["attachment", "message"], name="attachment_use_once")]

    def __str__(self) -> str:
        return f"attachment {self.attachment_id} in message {self.message_id}"
