"""Former contents of messages and system prompts."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, Func, IntegerField, Q, QuerySet, Sum, Window

from chat.models import Hold, Message, Revision, Thread

# Revisions of each text, besides the first: a form sends one for every edited field.
KEPT = 100
# Bytes of the revisions of each text, besides the first: eight of the longest reply.
KEPT_BYTES = 8 * 1024 * 1024


def save_message_revision(row: Message) -> int:
    """Store a message's content before its replacement, in the same transaction. Return the new revision.

    The caller holds the lock on the row.
    """
    _keep(row.thread_id, row.pk, row.revision, row.content, row.parts, row.edited_at)
    return row.revision + 1


def save_prompt_revision(thread: Thread) -> int:
    """Store a thread's system prompt before its replacement. Return the new revision. The caller holds the lock."""
    _keep(thread.pk, None, thread.revision, thread.system_prompt, False, None)
    return thread.revision + 1


def _keep(
    thread: int, message: int | None, number: int, content: str, parts: bool, edited_at: datetime | None
) -> None:
    fields = {"content": content, "parts": parts, "edited_at": edited_at}
    Revision.objects.create(thread_id=thread, message_id=message, number=number, **fields)
    surplus = Revision.objects.filter(pk__in=_surplus(thread, message, number))
    if Hold.objects.filter(Q(thread=thread) | Q(user__threads=thread)).exists():
        surplus.filter(held=False).update(held=True)
    else:
        surplus.delete()


def _surplus(thread: int, message: int | None, number: int) -> list[int]:
    """Return the keys of revisions beyond the bounds, oldest ones."""
    of_it = {"message": message} if message else {"thread": thread, "message": None}
    rows: QuerySet[Revision] = Revision.objects.filter(**of_it, number__gt=0)
    size = Func("content", function="octet_length", output_field=IntegerField())
    sized = rows.annotate(total=Window(Sum(size), order_by=F("number").desc()))
    beyond = sized.filter(Q(number__lte=number - KEPT) | Q(total__gt=KEPT_BYTES))
    return list(beyond.values_list("pk", flat=True))
