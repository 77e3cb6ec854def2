"""Deletion of threads with all their content, or soft deletion where a hold keeps them."""

from __future__ import annotations

from django.db.models import CharField, Count, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat, Left, Now

from chat.db import notifications
from chat.exceptions import ThreadBusy
from chat.governance import holds
from chat.models import (
    ID_LENGTH,
    Chunk,
    Message,
    Response,
    ThoughtChunk,
    ThoughtTerms,
    Thread,
    ToolUse,
    raw_delete,
)
from chat.threads.threads import active

# A character that no client-chosen id may contain, so a marked id cannot be requested.
MARK = "~"

# Rows deleted in one transaction (at least one thread): about a second.
THREADS, MESSAGES = 50, 5_000


def first_batch(threads: QuerySet[Thread]) -> list[int]:
    """Return the first threads, as many as may be deleted in one transaction."""
    total = 0
    chosen: list[int] = []
    messages = Message.objects.filter(thread=OuterRef("pk")).order_by().values("thread")
    size = Coalesce(Subquery(messages.annotate(number=Count("pk")).values("number")), 0)
    counted = threads.annotate(size=size).values_list("pk", "size")
    for pk, size in counted[:THREADS]:
        total += size
        if chosen and total > MESSAGES:
            break
        chosen.append(pk)
    return chosen


def delete_threads(threads: list[int]) -> None:
    """Delete threads with all their content. The caller holds their rows, and nothing runs in them."""
    for model in (Chunk, ThoughtChunk, ThoughtTerms, ToolUse):
        raw_delete(model.objects.filter(response__thread_id__in=threads))
    raw_delete(Message.objects.filter(thread_id__in=threads))
    raw_delete(Response.objects.filter(thread_id__in=threads))
    raw_delete(Thread.objects.filter(pk__in=threads))


def soft_delete(thread: Thread) -> None:
    """Hide a held thread from its owner and free its ids.

    Staff see it, its messages and its responses under `~key~id`.
    """
    for rows in (
        Message.objects.filter(thread=thread),
        Response.objects.filter(thread=thread),
        Thread.objects.filter(pk=thread.pk),
    ):
        marked = Concat(Value(MARK), Cast("pk", CharField()), Value(MARK), "public_id")
        rows.update(public_id=Left(marked, ID_LENGTH))
    Thread.objects.filter(pk=thread.pk).update(soft_deleted_at=Now())


def notify_owner(owner: int, public_id: str) -> None:
    """Notify the owner's connections that a thread is deleted."""
    notifications.notify("deleted", owner, public_id)


def delete_thread(owner: int, thread: int, public_id: str) -> None:
    """Delete a thread with all its content; soft-delete one under a legal hold.

    The caller has stopped its responses. Raise ThreadBusy if one runs again.
    """
    holds.lock(owner)
    row = Thread.objects.owned_by(owner).select_for_update().filter(pk=thread).first()
    if row is None:
        return
    if active(thread):
        raise ThreadBusy
    if holds.is_held(row):
        soft_delete(row)
    else:
        delete_threads([thread])
    notify_owner(owner, public_id)
