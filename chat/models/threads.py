"""Conversations and their messages."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from chat.models.accounts import User
from chat.models.querysets import ID_LENGTH, M, OwnedQuerySet
from chat.models.translated import TranslatedChoices


class ThreadQuerySet(OwnedQuerySet[M]):
    def owned_by(self, owner_id: int) -> Self:
        """Exclude threads that their owner deleted and a hold keeps."""
        return super().owned_by(owner_id).filter(soft_deleted_at=None)

    def listed(self) -> Self:
        """Exclude the threads of clients that keep no threads: no list shows them, and they expire."""
        return self.filter(expires_at=None)


class Thread(models.Model):
    """A conversation. `leaf` is the last message of the visible branch; `turns` counts the turns that have started.

    `system_prompt` goes to the model ahead of the history, after the model's own; no client ever gets it. `revision` counts its
    replacements. `expires_at`: time after which an unlisted thread is deleted, moved on with its last activity; null for all
    others. `pinned`: its owner keeps it at the top of the list. `metadata`: JSON text of
    the client's own key-value pairs. `soft_deleted_at`: time at which its owner deleted it while a hold keeps it; to the owner
    thread and ids are gone (`chat.governance.deletion`). `merged_bytes`: the part of its stored bytes that is counted here and
    in a sum of its owner's (`StoredBytes`).
    """

    owner = models.ForeignKey(User, models.CASCADE, related_name="threads", db_index=False)
    public_id = models.CharField(max_length=ID_LENGTH)
    title = models.TextField(blank=True)
    has_custom_title = models.BooleanField(db_column="titled_by_person", db_default=False, default=False)
    archived = models.BooleanField(db_default=False, default=False)
    pinned = models.BooleanField(db_default=False, default=False)
    model = models.CharField(max_length=64)
    system_prompt = models.TextField(blank=True, db_default="")
    revision = models.IntegerField(db_default=0, default=0)
    turns = models.IntegerField(db_default=0, default=0)
    leaf = models.ForeignKey("Message", models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    soft_deleted_at = models.DateTimeField(db_column="withdrawn_at", null=True, blank=True)
    terms = SearchVectorField(null=True, editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)
    metadata = models.TextField(null=True, blank=True)
    merged_bytes = models.BigIntegerField(db_default=0, default=0)

    objects = ThreadQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "public_id"], name="thread_id_per_owner")]
        indexes = [
            models.Index("owner", F("updated_at").desc(), F("id").desc(), name="thread_by_activity"),
            models.Index(F("updated_at").desc(), F("id").desc(), name="thread_by_update"),
            models.Index(fields=["owner"], condition=Q(pinned=True), name="thread_pinned"),
            GinIndex(fields=["terms"], name="thread_terms", condition=Q(terms__isnull=False)),
            models.Index(
                fields=["owner", "id"], condition=Q(terms=None) & ~Q(title=""), name="thread_unindexed"
            ),
            models.Index(
                fields=["soft_deleted_at"],
                condition=Q(soft_deleted_at__isnull=False),
                name="thread_withdrawn",
            ),
            models.Index(
                fields=["expires_at"], condition=Q(expires_at__isnull=False), name="thread_by_expiry"
            ),
        ]
        # Django's own `view_thread` shows that a thread exists: owner, dates, counts, states, and no title.
        permissions = [
            ("read_content", "Can read what was said"),
            ("read_hidden_content", "Can read hidden messages too"),
            ("export_content", "Can export what was said"),
            ("redact_content", "Can redact what was said"),
            ("hold_content", "Can make and lift legal holds"),
        ]

    def __str__(self) -> str:
        # Not the title: it is content, and this text is shown with `view_thread` alone.
        return self.public_id


class Role(TranslatedChoices):
    """The roles of the chat-completions protocol."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class MessageQuerySet(OwnedQuerySet[M]):
    def visible(self) -> Self:
        """Exclude hidden messages: the one filter that keeps them from clients."""
        return self.filter(hidden=False)


class Message(models.Model):
    """One message, in the order turn, position. A queued prompt has no turn yet and is in no history.

    `content` is the text as received, with `parts` the JSON text of OpenAI content parts. `tool_calls` is the JSON text of an
    assistant's calls, `provider_fields` that of the fields which their provider wants back (`chat.llm.provider_fields`).
    `log_offset` of a call message: the bytes of the response's log before it. `revision` counts the
    replacements of the content. A redacted message keeps only `chat.governance.redaction.TOMBSTONE` and `redacted_by`.
    """

    owner = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="messages", db_index=False)
    public_id = models.CharField(max_length=ID_LENGTH)
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    response = models.ForeignKey("Response", models.CASCADE, null=True, blank=True, related_name="messages")
    turn = models.IntegerField(null=True, blank=True)
    position = models.IntegerField(db_default=0, default=0)
    role = models.CharField(max_length=16, choices=Role)
    content = models.TextField(blank=True)
    parts = models.BooleanField(db_default=False, default=False)
    tool_calls = models.TextField(null=True, blank=True)
    tool_call_id = models.TextField(null=True, blank=True)
    provider_fields = models.TextField(null=True, blank=True)
    hidden = models.BooleanField(db_default=False, default=False)
    imported = models.BooleanField(db_default=False, default=False)
    log_offset = models.BigIntegerField(db_default=0, default=0)
    plain_text = models.TextField(db_column="readable", blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True, blank=True)
    revision = models.IntegerField(db_default=0, default=0)
    feedback_score = models.SmallIntegerField(db_default=0, default=0)
    feedback_comment = models.TextField(blank=True, db_default="")
    redacted_at = models.DateTimeField(null=True, blank=True)
    redacted_by = models.CharField(max_length=150, blank=True, db_default="")
    terms = SearchVectorField(null=True, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "public_id"], name="message_id_per_owner"),
            models.UniqueConstraint(fields=["thread", "turn", "position"], name="message_order"),
            models.UniqueConstraint(
                fields=["response"],
                condition=Q(role="assistant", hidden=False),
                name="one_reply_per_response",
            ),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="message_role"),
            models.CheckConstraint(condition=Q(feedback_score__in=[-1, 0, 1]), name="message_feedback_score"),
            models.CheckConstraint(
                condition=Q(hidden=True) | (Q(role__in=["user", "assistant"]) & Q(tool_calls=None)),
                name="message_hidden_kinds",
            ),
            models.CheckConstraint(
                condition=Q(role="tool") ^ Q(tool_call_id=None), name="message_tool_call_id"
            ),
        ]
        indexes = [
            models.Index(fields=["thread"], condition=Q(turn=None), name="message_waiting"),
            models.Index(fields=["created_at", "id"], name="message_by_time"),
            models.Index(fields=["thread"], condition=Q(hidden=True), name="message_hidden"),
            models.Index(fields=["thread"], condition=Q(feedback_score=-1), name="message_flagged"),
            GinIndex(fields=["terms"], name="message_terms", condition=Q(hidden=False, terms__isnull=False)),
            models.Index(
                fields=["owner", "id"],
                condition=Q(terms=None, hidden=False) & ~Q(plain_text=""),
                name="message_unindexed",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()} {self.public_id}"
