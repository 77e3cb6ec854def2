"""What leaves a thread: read-only links to a branch of it."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models.functions import Now

from chat.models.accounts import User
from chat.models.querysets import OwnedQuerySet
from chat.models.threads import Message, Thread

SHARE_BYTES = 24  # random ones in a link's id: 192 bits, which nobody guesses


def new_share_id() -> str:
    return secrets.token_urlsafe(SHARE_BYTES)


class Share(models.Model):
    """A link under which anybody reads what led to `leaf`. It holds no text: what is erased is gone from the link too.

    The database itself deletes it with its thread, its last message and its owner, whoever deletes those.
    """

    owner = models.ForeignKey(User, models.CASCADE, related_name="+", db_constraint=False)
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="shares", db_constraint=False)
    leaf = models.ForeignKey(Message, models.CASCADE, related_name="+", db_constraint=False)
    public_id = models.CharField(max_length=64, unique=True, default=new_share_id, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    def __str__(self) -> str:
        return f"share {self.pk}"  # the id is the key to it: it stands in no list and no log
