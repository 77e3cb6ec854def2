"""The tables: who owns what, what was said, which answer was given, and its text log.

Every rule that can stand in the database stands here as a constraint. Public ids are chosen by clients and are names inside
their owner; primary keys never leave the server.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import Any, Self, TypeVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Left, Now

from chat.errors import BY_CODE

ID_LENGTH = 128  # characters; the contract's limit for ids that clients choose

SEARCHED_CHARACTERS = 100_000
"""Of a text, as far as search reaches: a tsvector must stay under 1 MiB, and a character with its position takes 10 bytes."""


def _search_vector(column: str) -> models.GeneratedField:
    """Words of `column` as they stand, in any language: no stemming, no stop words."""
    expression = SearchVector(Left(column, SEARCHED_CHARACTERS), config="simple")
    return models.GeneratedField(expression=expression, output_field=SearchVectorField(), db_persist=True)


class User(AbstractUser):
    """An account. A guest's has no password and is bound to the session that made it."""

    is_guest = models.BooleanField(default=False, db_default=False)


class ApiToken(models.Model):
    """A bearer token of a program. Only the digest is kept: a stolen table opens nothing."""

    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100, blank=True)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = "API token"

    def __str__(self) -> str:
        return self.name or f"token {self.pk}"

    @staticmethod
    def digest_of(token: str) -> str:
        # A token holds 256 random bits: one round of SHA-256 is enough, and costs no thread.
        return hashlib.sha256(token.encode()).hexdigest()

    @classmethod
    def issue(cls, user: User, name: str = "") -> str:
        """Make a token for `user`; the return value is the only copy of it."""
        token = f"chat_{secrets.token_urlsafe(32)}"
        cls.objects.create(user=user, name=name, digest=cls.digest_of(token))
        return token


M = TypeVar("M", bound=models.Model)


class OwnedQuerySet(models.QuerySet[M]):
    """Rows that belong to somebody."""

    def owned_by(self, owner_id: int) -> Self:
        return self.filter(owner_id=owner_id)


class Thread(models.Model):
    """A conversation. `leaf` is the last message of the branch that is shown; `turns` counts the turns that have started.

    `system_prompt` goes to the model ahead of the history, after the model's own; no client ever gets it.
    """

    owner = models.ForeignKey(User, models.CASCADE, related_name="threads")
    public_id = models.CharField(max_length=ID_LENGTH)
    title = models.TextField(blank=True)
    titled_by_person = models.BooleanField(db_default=False, default=False)
    archived = models.BooleanField(db_default=False, default=False)
    model = models.CharField(max_length=64)
    system_prompt = models.TextField(blank=True, db_default="")
    turns = models.IntegerField(db_default=0, default=0)
    leaf = models.ForeignKey("Message", models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(db_default=Now())
    search = _search_vector("title")

    objects = OwnedQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "public_id"], name="thread_id_per_owner")]
        indexes = [
            models.Index("owner", F("updated_at").desc(), F("id").desc(), name="thread_by_activity"),
            GinIndex(fields=["search"], name="thread_search"),
        ]

    def __str__(self) -> str:
        return self.title or self.public_id


class Role(models.TextChoices):
    """The roles of the chat-completions protocol."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class MessageQuerySet(OwnedQuerySet[M]):
    def visible(self) -> Self:
        """What a client may see. The one filter that keeps hidden messages in."""
        return self.filter(hidden=False)


class Message(models.Model):
    """One message, in the order turn, position. A queued prompt has no turn yet and is in no history.

    `content` is the text as it came; where `parts` is set it is the JSON text of OpenAI content parts. `tool_calls` is the
    JSON text of an assistant's calls. `log_offset` of a call message: the bytes of the response's log that came before it.
    """

    owner = models.ForeignKey(User, models.CASCADE, related_name="+")
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="messages")
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
    hidden = models.BooleanField(db_default=False, default=False)
    imported = models.BooleanField(db_default=False, default=False)
    log_offset = models.BigIntegerField(db_default=0, default=0)
    readable = models.TextField(blank=True, db_default="")
    created_at = models.DateTimeField(db_default=Now())
    edited_at = models.DateTimeField(null=True, blank=True)
    feedback_score = models.SmallIntegerField(db_default=0, default=0)
    feedback_comment = models.TextField(blank=True, db_default="")
    search = _search_vector("readable")

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
            GinIndex(fields=["search"], name="message_search", condition=Q(hidden=False)),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.public_id}"


class Status(models.TextChoices):
    """Of a response: two that are active, four that are final."""

    QUEUED = "queued"
    STREAMING = "streaming"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    INTERRUPTED = "interrupted"


ACTIVE = (Status.QUEUED, Status.STREAMING)


class Response(models.Model):
    """One answer of a model: its state, its lease, and the ends of its log (bytes of UTF-8).

    `log_length` is what the log holds, `kept_offset` how much of it the stored message keeps (null before the end), and
    `text_length` what that is without ephemeral parts. Only the
    holder of `lease_epoch` writes; whoever ends a response that is not its own raises the epoch.
    """

    owner = models.ForeignKey(User, models.CASCADE, related_name="+")
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
    log_length = models.BigIntegerField(db_default=0, default=0)
    kept_offset = models.BigIntegerField(null=True, blank=True)
    text_length = models.BigIntegerField(db_default=0, default=0)
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
                fields=["thread"], condition=Q(status="streaming"), name="one_active_per_thread"
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
        indexes = [models.Index(fields=["owner"], condition=Q(status__in=ACTIVE), name="response_active")]

    def __str__(self) -> str:
        return self.public_id

    @property
    def ended(self) -> bool:
        return self.status not in ACTIVE

    @property
    def usage(self) -> dict[str, Any] | None:
        """Tokens, and who counted them; null before the end."""
        if self.usage_source is None:
            return None
        tokens = {"promptTokens": self.prompt_tokens, "completionTokens": self.completion_tokens}
        return {**tokens, "source": self.usage_source}

    @property
    def error(self) -> dict[str, Any] | None:
        if self.error_code is None:
            return None
        retryable = BY_CODE[self.error_code].retryable
        return {"code": self.error_code, "message": self.error_detail, "retryable": retryable}


class Chunk(models.Model):
    """A piece of a response's text log: the bytes from `start` up to `stop`.

    `marks` are the arrivals inside it, each two little-endian 32-bit numbers: milliseconds since the response started, and
    bytes. An ephemeral chunk (our own think items) is replayed like all text but is not part of the stored message.
    """

    response = models.ForeignKey(Response, models.CASCADE, related_name="chunks")
    start = models.BigIntegerField()
    stop = models.BigIntegerField()
    data = models.BinaryField()
    marks = models.BinaryField(db_default=b"", default=b"")
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


def raw_delete(queryset: models.QuerySet[Any]) -> None:
    """Delete the rows in one statement, without loading them; who calls has deleted what refers to them."""
    queryset._raw_delete(queryset.db)
