"""Bytes that users store: messages, revisions, prompts and pictures."""

from __future__ import annotations

from django.db import models

from chat.models.accounts import User


class StoredBytes(models.Model):
    """Growth, or shrinking, of an owner's stored bytes: the sum of an owner's rows is what they store.

    The database itself adds the rows, with the change that they count, whichever program makes it. Rows are only added, and
    merged in the background: a counter in one row would make every write of a user wait for the others.

    Merged, the rows of a thread become its `merged_bytes`, and those of all threads one row of their owner: each prompt adds up
    the rows of its user, who may have many threads.

    `thread` is None for pictures and for what is merged; `owner` is None for threads that only a legal hold keeps, which count
    for no user.
    """

    owner = models.ForeignKey(
        User, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    thread = models.BigIntegerField(null=True)
    bytes = models.BigIntegerField()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["owner", "thread"], include=["bytes"], name="stored_bytes_by_owner"),
            models.Index(fields=["thread"], name="stored_bytes_by_thread"),
        ]

    def __str__(self) -> str:
        return f"{self.bytes} bytes"
