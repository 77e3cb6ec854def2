"""Notices: mails and webhook calls that tell of a request to a person."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from chat.models.accounts import User
from chat.models.requests import PersonRequest
from chat.models.translated import TranslatedChoices


class NoticeChannel(TranslatedChoices):
    """The ways on which a notice goes out."""

    MAIL = "mail"
    WEBHOOK = "webhook"


class NoticeState(TranslatedChoices):
    """The states of a notice.

    `sending` is stored before the notice goes out: it stays where the process died meanwhile. `unknown`: the other side may
    have taken it. Neither is sent again. `skipped`: nobody had to answer any more.
    """

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Notice(models.Model):
    """A notice of a request, without content: a mail to `user`, or a call of the operator's webhook.

    `due_at` is the time of the next attempt, `changed_at` that of the last change of the state. The database deletes the row
    with the request and with the user.
    """

    request = models.ForeignKey(PersonRequest, models.DO_NOTHING, db_constraint=False, related_name="notices")
    user = models.ForeignKey(
        User, models.DO_NOTHING, null=True, blank=True, db_constraint=False, related_name="+"
    )
    channel = models.CharField(max_length=16, choices=NoticeChannel)
    state = models.CharField(
        max_length=16, choices=NoticeState, db_default=NoticeState.PENDING, default=NoticeState.PENDING
    )
    attempts = models.IntegerField(db_default=0, default=0)
    due_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["request", "user"], condition=Q(channel="mail"), name="notice_one_mail"
            ),
            models.UniqueConstraint(
                fields=["request"], condition=Q(channel="webhook"), name="notice_one_webhook_call"
            ),
            models.CheckConstraint(
                condition=Q(channel="mail", user__isnull=False) | Q(channel="webhook", user=None),
                name="notice_recipient",
            ),
            models.CheckConstraint(condition=Q(state__in=NoticeState.values), name="notice_state"),
        ]
        indexes = [
            models.Index(fields=["channel", "due_at"], condition=Q(state="pending"), name="notice_due"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} of request {self.request_id}"
