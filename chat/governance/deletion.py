"""Threads that go: with everything in them, or, where a hold keeps them, out of their owner's sight only."""

from __future__ import annotations

from django.db.models import CharField, Count, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Concat, Left, Now

from chat.db import notifications
from chat.exceptions import ThreadBusy
from chat.governance import holds
from chat.models import ID_LENGTH, Chunk, Message, Response, Thread, raw_delete
from chat.threads.threads import active

MARK = "~"  # in no id that a client may choose: what bears it cannot be asked for

THREADS, MESSAGES = 50, 5_000  # deleted in one transaction, but always one thread: about a second


def first_batch(threads: QuerySet[Thread]) -> list[int]:
    """The first of them, as many as may go in one transaction."""
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
    """Delete threads with everything in them. The caller holds their rows, and nothing runs in them."""
    raw_delete(Chunk.objects.filter(response__thread_id__in=threads))
    raw_delete(Message.objects.filter(thread_id__in=threads))
    raw_delete(Response.objects.filter(thread_id__in=threads))
    raw_delete(Thread.objects.filter(pk__in=threads))


def soft_delete(thread: Thread) -> None:
    """Let a held thread vanish for its owner: it is listed and found no more, and its ids are free again.

    Staff see it under `~key~id`, as they do its messages and responses.
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
    """Tell whoever watches that a thread is gone."""
    notifications.notify("deleted", owner, public_id)


def delete_thread(owner: int, thread: int, public_id: str) -> None:
    """Delete a thread with everything in it; one that a legal hold keeps is only out of its owner's sight.

    What ran in it has been stopped. Raises ThreadBusy if something runs again.
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
