"""Former contents of messages and system prompts."""

from __future__ import annotations

from datetime import datetime

from chat.models import Message, Revision, Thread

# Revisions of each text, besides the first: a form sends one for every edited field.
KEPT = 100


def save_message_revision(row: Message) -> int:
    """Store a message's content before its replacement, in the same transaction. Return the new revision.

    The caller holds the lock on the row.
    """
    _keep(row.thread_id, row.pk, row.revision, row.content, row.parts, row.edited_at)
    return row.revision + 1


def save_prompt_revision(thread: int) -> int:
    """Lock the thread, store its system prompt before its replacement, and return the new revision."""
    row = Thread.objects.select_for_update(no_key=True).only("system_prompt", "revision").get(pk=thread)
    _keep(thread, None, row.revision, row.system_prompt, False, None)
    return row.revision + 1


def _keep(
    thread: int, message: int | None, number: int, content: str, parts: bool, edited_at: datetime | None
) -> None:
    fields = {"content": content, "parts": parts, "edited_at": edited_at}
    Revision.objects.create(thread_id=thread, message_id=message, number=number, **fields)
    of_it = {"message": message} if message else {"thread": thread, "message": None}
    Revision.objects.filter(**of_it, number__gt=0, number__lte=number - KEPT).delete()
