"""Staff exports: threads with messages in bounded parts, each thread recorded before it is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db.models import QuerySet
from django.db.models.functions import Coalesce, Length

from chat.models import AuditAction, AuditLogEntry, Message, Role, Thread
from chat.streams import storage

# Threads recorded in one audit entry.
THREADS = 50
# Characters of messages read at once (at least one message).
CHARACTERS = 1_000_000
# Messages read at once.
MESSAGES = 500


@dataclass(frozen=True, slots=True)
class StaffExport:
    """The exporting user, the reason, and whether hidden parts and thought are included."""

    user: int
    username: str
    reason: str
    hidden: bool
    thought: bool = False


def threads(chosen: QuerySet[Thread], after: int, by: StaffExport) -> list[Thread]:
    """Return the next threads after a primary key, recorded as exported."""
    rows = Thread.objects.filter(pk__in=chosen.order_by().values("pk"), pk__gt=after)
    found = list(rows.select_related("owner").defer("terms").order_by("pk")[:THREADS])
    if found:
        AuditLogEntry.objects.create(
            user_id=by.user,
            username=by.username,
            action=AuditAction.EXPORTED,
            kind="thread",
            shown=[row.pk for row in found],
            reason=by.reason,
        )
    return found


# Characters of a message, and about as many of its thought and of what only hidden messages have.
_SIZE = (
    Length("content")
    + Coalesce("response__thinking_length", 0)
    + Coalesce(Length("tool_calls"), 0)
    + Coalesce(Length("provider_fields"), 0)
)


def portions(thread: int, *, hidden: bool) -> list[list[int]]:
    """Return the keys of a thread's messages in order, grouped into portions that may be read at once."""
    rows = Message.objects.all() if hidden else Message.objects.visible()
    sized = rows.filter(thread=thread).annotate(size=_SIZE).order_by("turn", "position", "pk")
    return list(_portions(sized.values_list("pk", "size")))


def _portions(sized: QuerySet[Message, tuple[int, int]]) -> Iterator[list[int]]:
    portion: list[int] = []
    total = 0
    for pk, size in sized:
        if portion and (total + size > CHARACTERS or len(portion) == MESSAGES):
            yield portion
            portion, total = [], 0
        portion.append(pk)
        total += size
    if portion:
        yield portion


def messages(pks: list[int]) -> list[Message]:
    """Return these messages in this order, without those deleted meanwhile."""
    unread = (
        "terms",
        "plain_text",
        "parent__content",
        "parent__plain_text",
        "parent__terms",
        "parent__tool_calls",
        "parent__provider_fields",
    )
    found = Message.objects.select_related("response", "parent").defer(*unread).in_bulk(pks)
    return [found[pk] for pk in pks if pk in found]


def thoughts(rows: list[Message]) -> dict[int, str]:
    """Return the thoughts of replies by the key of the response."""
    return storage.thoughts_of([row.response.pk for row in rows if _has_thought(row) and row.response])


def _has_thought(row: Message) -> bool:
    is_reply = row.role == Role.ASSISTANT and not row.hidden
    return is_reply and row.response is not None and row.response.thinking_length > 0


def thread_line(row: Thread, *, hidden: bool) -> bytes:
    """Return a thread as one line of JSON."""
    said = {
        "type": "thread",
        "threadId": row.public_id,
        "owner": row.owner.username,
        "title": row.title,
        "model": row.model,
        "archived": row.archived,
        "pinned": row.pinned,
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
        "withdrawnAt": row.soft_deleted_at,
    }
    return line({**said, "systemPrompt": row.system_prompt} if hidden else said)


def message_line(row: Message, thread: Thread, thought: str | None = None) -> bytes:
    """Return a message as one line of JSON, a reply with its thought."""
    response = row.response
    said = {
        "type": "message",
        "threadId": thread.public_id,
        "id": row.public_id,
        "parentId": row.parent.public_id if row.parent else None,
        "turn": row.turn,
        "position": row.position,
        "role": row.role,
        "hidden": row.hidden,
        "imported": row.imported,
        "content": _compact_json(row.content) if row.parts else row.content,
        "toolCalls": _compact_json(row.tool_calls) if row.tool_calls else None,
        "toolCallId": row.tool_call_id,
        "providerFields": _compact_json(row.provider_fields) if row.hidden and row.provider_fields else None,
        "thinking": thought if _has_thought(row) else None,
        "responseId": response.public_id if response else None,
        "model": response.model if response else None,
        "status": response.status if response else None,
        "feedback": {"score": row.feedback_score, "comment": row.feedback_comment},
        "createdAt": row.created_at,
        "editedAt": row.edited_at,
        "redactedAt": row.redacted_at,
        "redactedBy": row.redacted_by or None,
    }
    return line(said)


def _compact_json(text: str) -> msgspec.Raw | str:
    """Return stored JSON on one line, or the text itself if it is no JSON.

    Content parts are stored as received, and a client may have put line breaks between their tokens: copied into a file of
    JSON lines they would add lines that look like entries of the export.
    """
    try:
        return msgspec.Raw(msgspec.json.format(text.encode(), indent=-1))
    except (msgspec.DecodeError, RecursionError):
        return text


def line(facts: dict[str, Any]) -> bytes:
    return msgspec.json.encode(facts) + b"\n"
