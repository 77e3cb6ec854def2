"""What messages and system prompts said before they were replaced."""

from __future__ import annotations

from datetime import datetime

from chat.models import Message, Revision, Thread

KEPT = 100  # of each text, besides the first: a form sends one for every field that is left


def save_message_revision(row: Message) -> int:
    """Keep what a message says, in the transaction that replaces it; the revision that comes. The caller holds the row."""
    _keep(row.thread_id, row.pk, row.revision, row.content, row.parts, row.edited_at)
    return row.revision + 1


def save_prompt_revision(thread: int) -> int:
    """The same for a thread's system prompt; its row is locked here."""
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
