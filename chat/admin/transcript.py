"""Messages as a person reads them: who, the readable text, the calls of tools; the raw content beside it.

Texts are cut in the database, so that no page grows with what a model or a tool said.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, QuerySet
from django.db.models.functions import Left

from chat.models import Message, Role

MESSAGES = 200  # of a thread's page, the newest: as many as a client gets at once
CHARACTERS = (
    10_000  # of each text on a thread's page: five screens of it, and 200 messages stay under a few MB
)
WHOLE = 8 * 1024 * 1024  # characters; on a message's own page: more than anything that can be stored

_COLUMNS = (
    "public_id",
    "thread",
    "turn",
    "position",
    "role",
    "hidden",
    "imported",
    "tool_call_id",
    "created_at",
    "edited_at",
    "redacted_at",
    "redacted_by",
    "owner__username",
    "response__public_id",
    "response__model",
    "response__status",
    "response__finish_reason",
    "response__error_code",
    "response__error_detail",
    "response__prompt_tokens",
    "response__completion_tokens",
    "response__usage_source",
)


@dataclass(frozen=True, slots=True)
class Call:
    """What an assistant asked of a tool; `arguments` is the text as the model sent it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One message. `calls_text` stands in for calls that cannot be read; `cut` says that a text is not whole."""

    message: Message
    author: str
    text: str
    raw: str
    cut: bool
    calls: list[Call] = field(default_factory=list)
    calls_text: str = ""

    @property
    def is_reply(self) -> bool:
        return self.message.role == Role.ASSISTANT and not self.message.hidden


@dataclass(frozen=True, slots=True)
class Transcript:
    """The newest messages of a thread, oldest first; `more` where there are older ones."""

    entries: list[Entry]
    more: bool


def transcript(thread: int, *, hidden: bool) -> Transcript:
    """In the order turn, position; prompts that wait for their turn come last. `hidden`: with hidden messages."""
    newest = (
        _seen(hidden).filter(thread_id=thread).order_by(F("turn").desc(nulls_first=True), "-position", "-pk")
    )
    rows = list(_columns(newest, CHARACTERS)[: MESSAGES + 1])
    return Transcript(_entries(rows[:MESSAGES][::-1], CHARACTERS), len(rows) > MESSAGES)


def whole(message: int, *, hidden: bool) -> list[Entry]:
    """The one message with all of its text; none if it is hidden and `hidden` does not allow that."""
    return _entries(list(_columns(_seen(hidden).filter(pk=message), WHOLE)), WHOLE)


def _seen(hidden: bool) -> QuerySet[Message]:
    return Message.objects.all() if hidden else Message.objects.visible()


def _columns(messages: QuerySet[Message], limit: int) -> QuerySet[Any]:
    """One character more than is shown tells whether there is more."""
    return (
        messages.select_related("owner", "response")
        .only(*_COLUMNS)
        .annotate(
            shown_text=Left("readable", limit + 1),
            shown_content=Left("content", limit + 1),
            shown_calls=Left("tool_calls", limit + 1),
        )
    )


def _entries(rows: list[Any], limit: int) -> list[Entry]:
    tools: dict[str, str] = {}  # names by the calls' ids; models repeat ids, and then the latest call counts
    entries = []
    for row in rows:
        entry = _entry(row, tools, limit)
        tools.update({call.id: call.name for call in entry.calls})
        entries.append(entry)
    return entries


def _entry(row: Any, tools: dict[str, str], limit: int) -> Entry:
    calls = _calls(row.shown_calls or "")
    texts = (row.shown_text or row.shown_content, row.shown_content, row.shown_calls or "")
    return Entry(
        message=row,
        author=_author(row, tools),
        text=texts[0][:limit],
        raw=texts[1][:limit],
        cut=any(len(text) > limit for text in texts),
        calls=calls,
        calls_text="" if calls else texts[2][:limit],
    )


def _author(row: Any, tools: dict[str, str]) -> str:
    """Who made the message; of an imported reply nobody knows which model."""
    match row.role:
        case Role.USER:
            return str(row.owner.username)
        case Role.ASSISTANT:
            return str(row.response.model) if row.response else ""
        case Role.TOOL:
            return tools.get(row.tool_call_id) or str(row.tool_call_id)
    return ""


def _calls(stored: str) -> list[Call]:
    try:
        return [
            Call(str(call["id"]), str(call["function"]["name"]), str(call["function"]["arguments"]))
            for call in json.loads(stored or "[]")
        ]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
