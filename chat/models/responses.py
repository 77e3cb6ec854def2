"""Responses: state, lease, and text log."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now

from chat.exceptions import BY_CODE
from chat.models.accounts import User
from chat.models.artifacts import ArtifactLabel
from chat.models.querysets import ID_LENGTH, OwnedQuerySet
from chat.models.threads import Message, Thread
from chat.models.translated import TranslatedChoices


class Status(TranslatedChoices):
    """States of a response: three active ones, of which `waiting` is for a person, and four final ones."""

    QUEUED = "queued"
    STREAMING = "streaming"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


# States that are no end. One that waits for a person runs nowhere: it has no lease, and counts towards no quota.
ACTIVE = (Status.QUEUED, Status.STREAMING, Status.WAITING)
# States in which a response keeps others of its thread from starting.
STARTED = (Status.STREAMING, Status.WAITING)
# A stop was requested, so it is no error.
ERROR_STATUSES = (Status.FAILED, Status.INTERRUPTED)
UNSUCCESSFUL_STATUSES = (*ERROR_STATUSES, Status.STOPPED)


class Response(models.Model):
    """One answer of a model: its state, its lease, and the lengths of its log (bytes of UTF-8).

    `log_length` is the length of the log, `kept_offset` the part of it that the stored message keeps (null before the end),
    and `text_length` that part without ephemeral text. `thinking_length` is the length of the thought, `thinking_ms` the time
    that it took. `tool_changes` counts the changes of the response's `ToolUse` and `PersonRequest` rows. `active_ms`: the
    milliseconds that it ran until it last began to wait for a person. `effort`: the chosen effort of the model.
    `options`: JSON text of what else the request asked for (`chat.schemas.options`), null for nothing.
    `reasoning_tokens` are among the completion's, `cached_tokens` among the prompt's; null where unknown. Only the holder of
    `lease_epoch` writes; a process that ends another's response raises the epoch. `artifacts`: those of its reply, where they
    have been read.
    """

    artifacts: Sequence[ArtifactLabel] | None = None

    owner = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="responses")
    public_id = models.CharField(max_length=ID_LENGTH)
    prompt = models.ForeignKey(Message, models.CASCADE, related_name="+")
    model = models.CharField(max_length=64)
    status = models.CharField(max_length=16, choices=Status)
    jumps_queue = models.BooleanField(db_default=False, default=False)
    finish_reason = models.CharField(max_length=64, null=True, blank=True)
    error_code = models.CharField(max_length=32, null=True, blank=True)
    error_detail = models.TextField(null=True, blank=True)
    retry_after = models.FloatField(null=True, blank=True)
    prompt_tokens = models.IntegerField(null=True, blank=True)
    completion_tokens = models.IntegerField(null=True, blank=True)
    usage_source = models.CharField(max_length=16, null=True, blank=True)
    reasoning_tokens = models.IntegerField(null=True, blank=True)
    cached_tokens = models.IntegerField(null=True, blank=True)
    log_length = models.BigIntegerField(db_default=0, default=0)
    kept_offset = models.BigIntegerField(null=True, blank=True)
    text_length = models.BigIntegerField(db_default=0, default=0)
    thinking_length = models.BigIntegerField(db_default=0, default=0)
    thinking_ms = models.IntegerField(null=True, blank=True)
    tool_changes = models.IntegerField(db_default=0, default=0)
    active_ms = models.BigIntegerField(db_default=0, default=0)
    effort = models.CharField(max_length=32, null=True, blank=True)
    options = models.TextField(null=True, blank=True)
    lease_owner = models.UUIDField(null=True, blank=True)
    lease_epoch = models.IntegerField(db_default=1, default=1)
    lease_until = models.DateTimeField(null=True, blank=True)
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    stop_offset = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    first_token_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["owner", "public_id"], name="response_id_per_owner"),
            models.UniqueConstraint(
                fields=["thread"], condition=Q(status__in=STARTED), name="one_active_per_thread"
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="response_status"),
            models.CheckConstraint(
                condition=(
                    Q(status__in=ACTIVE, kept_offset=None, finished_at=None)
                    | (~Q(status__in=ACTIVE) & Q(kept_offset__isnull=False, finished_at__isnull=False))
                ),
                name="response_ends_once",
            ),
            models.CheckConstraint(
                condition=Q(kept_offset=None) | Q(kept_offset__gte=0, kept_offset__lte=F("log_length")),
                name="response_kept_within_log",
            ),
        ]
        permissions = [("stop_response", "Can stop a response that runs")]
        indexes = [
            models.Index(fields=["owner"], condition=Q(status__in=ACTIVE), name="response_active"),
            models.Index(fields=["created_at", "id"], name="response_by_time"),
            models.Index(
                fields=["status", "created_at", "id"],
                include=["thread"],
                condition=Q(status__in=UNSUCCESSFUL_STATUSES),
                name="response_troubled",
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def ended(self) -> bool:
        return self.status not in ACTIVE

    @property
    def usage(self) -> dict[str, Any] | None:
        """Return the tokens and their source, reasoning and cached ones only where known; None before the end."""
        if self.usage_source is None:
            return None
        tokens = {"promptTokens": self.prompt_tokens, "completionTokens": self.completion_tokens}
        parts = {"reasoningTokens": self.reasoning_tokens, "cachedTokens": self.cached_tokens}
        known = {name: count for name, count in parts.items() if count is not None}
        return {**tokens, **known, "source": self.usage_source}

    @property
    def error(self) -> dict[str, Any] | None:
        if self.error_code is None:
            return None
        retryable = BY_CODE[self.error_code].retryable
        return {"code": self.error_code, "message": self.error_detail, "retryable": retryable}


# Columns of a response, in the order in which `Response.from_db` takes them.
RESPONSE_FIELDS = [field.attname for field in Response._meta.concrete_fields]


class Chunk(models.Model):
    """A part of a response's text log: the bytes from `start` up to `stop`.

    `timings` are the arrivals inside it, each two little-endian 32-bit numbers: milliseconds since the response started, and
    bytes. An ephemeral chunk (our own think items) is replayed like all text but is not part of the stored message.
    """

    response = models.ForeignKey(Response, models.CASCADE, related_name="chunks", db_index=False)
    start = models.BigIntegerField()
    stop = models.BigIntegerField()
    data = models.BinaryField()
    timings = models.BinaryField(db_column="marks", db_default=b"", default=b"")
    ephemeral = models.BooleanField(db_default=False, default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["response", "start"], name="chunk_start"),
            models.CheckConstraint(
                condition=Q(stop__gt=F("start"), stop=F("start") + Func("data", function="octet_length")),
                name="chunk_is_contiguous",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.response_id}[{self.start}:{self.stop}]"


class ThoughtChunk(models.Model):
    """A part of a response's thought: its bytes from `start` up to `stop`, standing at `text_offset` in the text log.

    Thought and text share the arrival times and the lease, and each has offsets of its own. `timings` as in `Chunk`.
    The database deletes it with the response, whichever program deletes that.
    """

    response = models.ForeignKey(
        Response, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="thought_chunks"
    )
    start = models.BigIntegerField()
    stop = models.BigIntegerField()
    text_offset = models.BigIntegerField()
    data = models.BinaryField()
    timings = models.BinaryField(db_default=b"", default=b"")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["response", "start"], name="thought_start"),
            models.CheckConstraint(
                condition=Q(stop__gt=F("start"), stop=F("start") + Func("data", function="octet_length")),
                name="thought_is_contiguous",
            ),
            models.CheckConstraint(condition=Q(text_offset__gte=0), name="thought_text_offset"),
        ]

    def __str__(self) -> str:
        return f"{self.response_id}[{self.start}:{self.stop}]"


class ToolState(models.TextChoices):
    """States of a tool call. One that its process did not end stays `started`, and counts as failed after the end."""

    STARTED = "started"
    DONE = "done"
    FAILED = "failed"


class ToolUse(models.Model):
    """One tool call of a response as its clients see it: no arguments, no result.

    `number` counts the calls of a response from 0, `round` its rounds. The call stands after `text_offset` bytes of text and
    `thinking_offset` bytes of thought, and is stored before the tool runs; its end stands at `end_offset`, behind the text that
    it wrote (null: that of an older program, or none yet). The database deletes it with the response.
    """

    response = models.ForeignKey(
        Response, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="tool_uses"
    )
    number = models.IntegerField()
    round = models.IntegerField()
    call_id = models.TextField()
    name = models.TextField()
    text_offset = models.BigIntegerField()
    thinking_offset = models.BigIntegerField()
    end_offset = models.BigIntegerField(null=True)
    state = models.CharField(max_length=16, choices=ToolState)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["response", "number"], name="tool_use_number"),
            models.CheckConstraint(condition=Q(state__in=ToolState.values), name="tool_use_state"),
            models.CheckConstraint(
                condition=Q(number__gte=0, round__gte=0, text_offset__gte=0, thinking_offset__gte=0),
                name="tool_use_place",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.response_id}#{self.number} {self.state}"
