"""Requests of a response to a person."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from chat.models.accounts import User
from chat.models.querysets import ID_LENGTH
from chat.models.responses import Response
from chat.models.translated import TranslatedChoices


class RequestKind(TranslatedChoices):
    """Kinds of request to a person: consent to a tool call, a form, or the result of a tool that the client runs."""

    APPROVE = "approve"
    ASK = "ask"
    CLIENT = "client"


class RequestOutcome(TranslatedChoices):
    """The ends of a request; the last two are the server's."""

    APPROVED = "approved"
    REJECTED = "rejected"
    ANSWERED = "answered"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class PersonRequest(models.Model):
    """A request to a person, for which its response waits until `deadline`.

    `number` counts the requests of a response from 0, `answer_number` their ends (null while it is open). The request stands
    after `text_offset` bytes of text and `thinking_offset` bytes of thought, and behind the ends of the first `ends_before`
    calls of its round. `arguments` are the call's, `schema` that of the form, `answer` the arguments, content or result that
    came back: JSON texts. `for_thread`: the user allowed the tool for the rest of the thread. `by_staff`: staff answer in the
    admin, and the thread's owner cannot. The database deletes the row with the response.
    """

    response = models.ForeignKey(
        Response, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="requests"
    )
    public_id = models.CharField(max_length=ID_LENGTH)
    number = models.IntegerField()
    kind = models.CharField(max_length=16, choices=RequestKind)
    tool = models.TextField()
    call_id = models.TextField()
    arguments = models.TextField(null=True, blank=True)
    schema = models.TextField(null=True, blank=True)
    message = models.TextField(db_default="", default="", blank=True)
    editable = models.BooleanField(db_default=False, default=False)
    by_staff = models.BooleanField(db_default=False, default=False)
    text_offset = models.BigIntegerField()
    thinking_offset = models.BigIntegerField()
    round = models.IntegerField()
    ends_before = models.IntegerField()
    created_at = models.DateTimeField(db_default=Now())
    deadline = models.DateTimeField()
    outcome = models.CharField(max_length=16, choices=RequestOutcome, null=True, blank=True)
    answer = models.TextField(null=True, blank=True)
    for_thread = models.BooleanField(db_default=False, default=False)
    answer_number = models.IntegerField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        default_permissions = ("view",)
        permissions = [("answer_requests", "Can decide on requests that staff answer")]
        constraints = [
            models.UniqueConstraint(fields=["response", "number"], name="request_number"),
            models.UniqueConstraint(fields=["response", "answer_number"], name="request_answer_number"),
            models.CheckConstraint(condition=Q(kind__in=RequestKind.values), name="request_kind"),
            models.CheckConstraint(
                condition=Q(outcome=None) | Q(outcome__in=RequestOutcome.values), name="request_outcome"
            ),
            models.CheckConstraint(
                condition=(
                    Q(outcome=None, answered_at=None, answer_number=None, answer=None)
                    | Q(outcome__isnull=False, answered_at__isnull=False, answer_number__isnull=False)
                ),
                name="request_ends_once",
            ),
            models.CheckConstraint(
                condition=Q(
                    number__gte=0,
                    round__gte=0,
                    text_offset__gte=0,
                    thinking_offset__gte=0,
                    ends_before__gte=0,
                ),
                name="request_place",
            ),
        ]
        indexes = [
            models.Index(fields=["deadline"], condition=Q(outcome=None), name="request_by_deadline"),
        ]

    def __str__(self) -> str:
        return f"{self.response_id}#{self.number} {self.get_kind_display()}"
