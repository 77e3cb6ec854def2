"""The audit log: staff's views of content and actions on it. Entries outlive their objects and hold no content."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from chat.models.accounts import User
from chat.models.querysets import ID_LENGTH
from chat.models.translated import TranslatedChoices


class AuditAction(TranslatedChoices):
    """Kinds of actions. The first six are views of content."""

    LISTED = "listed", "saw in a list"
    SEARCHED = "searched", "searched"
    VIEWED = "looked", "read"
    HIDDEN = "hidden", "read, hidden parts too"
    REPLAYED = "replayed", "replayed"
    EXPORTED = "exported", "exported"
    REDACTED = "redacted", "redacted"
    HELD = "held", "put under legal hold"
    LIFTED = "lifted", "lifted a legal hold"
    SUSPENDED = "suspended", "suspended"
    RESTORED = "restored", "restored"
    SIGNED_OUT = "signed_out", "ended sessions"
    ERASED = "erased", "erased"
    STOPPED = "stopped", "stopped a response"
    REVOKED = "revoked", "revoked a link"
    APPROVED = "approved", "approved a tool call"
    REJECTED = "rejected", "rejected a tool call"
    RULED = "ruled", "changed a rule"
    FACTORS_REMOVED = "factors_removed", "removed second factors"


class AuditLogEntry(models.Model):
    """One view or action of a member of staff, without content: of a search not even the words.

    `kind` and `object_pk` name a row that may be deleted (the table's name, its primary key; null: a list); `public_id` and
    `owner_name` are its names at that time. `shown`: the primary keys of a list's page. `moment` is the database's time.
    """

    user = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False)
    username = models.CharField(max_length=150)
    moment = models.DateTimeField(db_default=Now())
    action = models.CharField(max_length=16, choices=AuditAction)
    kind = models.CharField(max_length=32)
    object_pk = models.BigIntegerField(null=True, blank=True)
    public_id = models.CharField(max_length=ID_LENGTH, blank=True, db_default="")
    owner_name = models.CharField("owner", max_length=150, blank=True, db_default="")
    shown = ArrayField(models.BigIntegerField(), default=list, blank=True)
    reason = models.TextField(blank=True, db_default="")

    class Meta:
        db_table = "chat_accessrecord"
        verbose_name_plural = "audit log entries"
        # Entries are never added, changed or deleted by hand. The permission keeps the name under which it was granted.
        default_permissions = ()
        permissions = [("view_accessrecord", "Can view access record")]
        constraints = [
            models.CheckConstraint(condition=Q(action__in=AuditAction.values), name="access_action"),
        ]
        indexes = [
            models.Index(F("moment").desc(), F("id").desc(), name="access_by_time"),
            models.Index(fields=["username", "moment"], name="access_by_user"),
            models.Index(fields=["kind", "object_pk"], name="access_by_object"),
            GinIndex(fields=["shown"], name="access_by_shown"),
        ]

    def __str__(self) -> str:
        return f"{self.username}: {self.get_action_display()} {self.public_id}".rstrip()
