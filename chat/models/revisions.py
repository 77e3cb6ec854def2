"""Texts from which a past request is rebuilt as it was sent: replaced contents, and blobs of prompts and tools."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from chat.models.threads import Message, Thread


class Revision(models.Model):
    """A replaced content of a message or, without `message`, a replaced system prompt of a thread.

    `number` counts from 0, the first content; the current one has the number in the row's own `revision`. `edited_at` is the
    message's while this content was current. `held`: beyond the bounds, kept for a legal hold alone.
    The database deletes revisions with their message or thread.
    """

    thread = models.ForeignKey(Thread, models.DO_NOTHING, db_constraint=False, related_name="+")
    message = models.ForeignKey(
        Message,
        models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        blank=True,
        related_name="revisions",
    )
    number = models.IntegerField()
    content = models.TextField(blank=True)
    parts = models.BooleanField(db_default=False, default=False)
    edited_at = models.DateTimeField(null=True, blank=True)
    held = models.BooleanField(db_default=False, default=False)
    replaced_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["message", "number"], name="revision_of_message"),
            models.UniqueConstraint(
                fields=["thread", "number"], condition=Q(message=None), name="revision_of_prompt"
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.message_id or self.thread_id} revision {self.number}"


class HeldText(models.Model):
    """A title or, with `message`, a rating of an answer that its owner replaced under a legal hold.

    The database adds these rows, and deletes them with their message or thread.
    """

    thread = models.ForeignKey(Thread, models.DO_NOTHING, db_constraint=False, related_name="held_texts")
    message = models.ForeignKey(
        Message, models.DO_NOTHING, db_constraint=False, null=True, blank=True, related_name="held_texts"
    )
    text = models.TextField(blank=True)
    score = models.SmallIntegerField(db_default=0, default=0)
    replaced_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"#{self.message_id or self.thread_id} until {self.replaced_at}"


class PromptBlob(models.Model):
    """A text that calls refer to by its SHA-256 (hexadecimal): a model's system prompt, tools, texts around a history.

    It comes from settings and code, never from a user.
    """

    digest = models.CharField(max_length=64, primary_key=True)
    text = models.TextField()

    class Meta:
        db_table = "chat_told"
        verbose_name_plural = "prompt blobs"

    def __str__(self) -> str:
        return self.digest
