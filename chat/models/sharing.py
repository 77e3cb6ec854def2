"""Read-only links to a branch of a thread."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext

from chat.models.accounts import User
from chat.models.querysets import OwnedQuerySet
from chat.models.threads import Message, Thread

# Random bytes in a link's id: 192 bits, which cannot be guessed.
SHARE_BYTES = 24


def new_share_id() -> str:
    return secrets.token_urlsafe(SHARE_BYTES)


class Share(models.Model):
    """A public link to the messages up to `leaf`, or to it `alone`. It holds no text: erased messages vanish from it too.

    The database itself deletes it with its thread, its last message and its owner.
    """

    owner = models.ForeignKey(User, models.CASCADE, related_name="+", db_constraint=False)
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="shares", db_constraint=False)
    leaf = models.ForeignKey(Message, models.CASCADE, related_name="+", db_constraint=False)
    alone = models.BooleanField(db_default=False, default=False)
    public_id = models.CharField(max_length=64, unique=True, default=new_share_id, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = OwnedQuerySet.as_manager()

    def __str__(self) -> str:
        # The public id gives access, so it appears in no list and no log.
        return gettext("share %(number)s") % {"number": self.pk}
