"""Legal holds: rows that must not be deleted or redacted."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext

from chat.models.accounts import User
from chat.models.querysets import ID_LENGTH
from chat.models.threads import Thread


class Hold(models.Model):
    """A hold on a thread, or on a user and all threads of that user; an object may have several. Lifted ones stay on record.

    While it lasts `thread` or `user` refers to the held row, so the database itself refuses to delete it. `kind`,
    `object_pk`, `public_id` and `owner_name` name it permanently. `made_by` and `lifted_by` are names of staff.
    """

    thread = models.ForeignKey(Thread, models.PROTECT, null=True, blank=True, related_name="holds")
    user = models.ForeignKey(User, models.PROTECT, null=True, blank=True, related_name="holds")
    kind = models.CharField(max_length=32)
    object_pk = models.BigIntegerField()
    public_id = models.CharField(max_length=ID_LENGTH, blank=True, db_default="")
    owner_name = models.CharField("owner", max_length=150)
    reason = models.TextField()
    made_by = models.CharField(max_length=150)
    made_at = models.DateTimeField(db_default=Now())
    lifted_by = models.CharField(max_length=150, blank=True, db_default="")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lift_reason = models.TextField(blank=True, db_default="")

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                condition=(Q(lifted_at=None) & (Q(thread=None) ^ Q(user=None)))
                | Q(lifted_at__isnull=False, thread=None, user=None),
                name="hold_keeps_one_until_lifted",
            ),
        ]

    def __str__(self) -> str:
        return gettext("hold on %(name)s") % {"name": self.public_id or self.owner_name}
