"""Messages as a person reads them: who, the readable text, the calls of tools; the raw content beside it.

Texts are cut in the database, so that no page grows with what a model or a tool said.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Left

from chat.admin.inspection.timeline import Timeline, timelines
from chat.admin.inspection.versions import Version, versions
from chat.models import Message, Revision, Role, Thread
from chat.threads import branches

MESSAGES = 50  # of a thread's page: a screen or two of ten turns with tools
CHARACTERS = 10_000  # of each text on a thread's page: five screens of it, and a page stays under a few MB
REVISIONS = 20  # of a message, shown on its page: those of a form that was filled in carefully
FULL_TEXT_CHARACTERS = (
    8 * 1024 * 1024
)  # characters; on a message's own page: more than anything that can be stored

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
    "revision",
    "feedback_score",
    "feedback_comment",
    "owner__username",
    "parent",
    "response__prompt",
    "response__created_at",
    "response__started_at",
    "response__first_token_at",
    "response__finished_at",
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
class ToolCallEntry:
    """What an assistant asked of a tool; `arguments` is the text as the model sent it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class TranscriptEntry:
    """One message. `calls_text` stands in for calls that cannot be read; `cut` says that a text is not whole."""

    message: Message
    author: str
    text: str
    raw: str
    cut: bool
    calls: list[ToolCallEntry] = field(default_factory=list)
    calls_text: str = ""
    timeline: Timeline | None = None
    version: Version | None = None

    @property
    def is_reply(self) -> bool:
        return self.message.role == Role.ASSISTANT and not self.message.hidden


@dataclass(frozen=True, slots=True)
class Transcript:
    """A page of one branch, oldest first. `older`: the message before which the next page ends; None: there is none."""

    entries: list[TranscriptEntry]
    older: int | None


@dataclass(frozen=True, slots=True)
class TranscriptPosition:
    """Where a page is: on the branch that goes `via` a version, before the message `before`; both are primary keys.

    Without either, at the end of the branch that its owner sees.
    """

    via: int | None = None
    before: int | None = None

    @property
    def newest(self) -> bool:
        return self.before is None


def transcript(thread: Thread, position: TranscriptPosition, *, hidden: bool) -> Transcript:
    """`hidden`: with hidden messages. Prompts that wait for their turn come last. An unknown place is empty."""
    pks = branches.ancestors(_last(thread, position), MESSAGES + 1, hidden=hidden)
    found = {row.pk: row for row in _columns(Message.objects.filter(pk__in=pks[:MESSAGES]), CHARACTERS)}
    rows = [found[pk] for pk in reversed(pks[:MESSAGES])]
    if position.newest and position.via is None:
        rows += _columns(
            _visible_messages(hidden).filter(thread=thread, turn=None).order_by("pk"), CHARACTERS
        )[:MESSAGES]
    entries = _entries(rows, CHARACTERS)
    return Transcript(_with_timelines_and_versions(entries), rows[0].pk if len(pks) > MESSAGES else None)


def _last(thread: Thread, position: TranscriptPosition) -> int | None:
    """The message with which a page ends. A thread whose branch has lost its end shows what was said last."""
    placed = Message.objects.visible().filter(thread=thread, turn__isnull=False)
    if position.before is not None:
        rows = Message.objects.filter(thread=thread, pk=position.before)
        return rows.values_list("parent_id", flat=True).first()
    if position.via is not None:
        return branches.latest_leaf_below(position.via) if placed.filter(pk=position.via).exists() else None
    if thread.leaf_id is not None:
        return thread.leaf_id
    return placed.order_by("-turn", "-position").values_list("pk", flat=True).first()


def _with_timelines_and_versions(entries: list[TranscriptEntry]) -> list[TranscriptEntry]:
    """Each reply with the bar of its response, and each message with the versions beside it."""
    responses = {entry.message.response_id: entry.message.response for entry in entries if entry.is_reply}
    bars = timelines([response for response in responses.values() if response])
    beside = versions([entry.message for entry in entries if not entry.message.hidden])
    return [
        replace(
            entry,
            timeline=bars.get(entry.message.response_id or 0) if entry.is_reply else None,
            version=beside.get(entry.message.pk),
        )
        for entry in entries
    ]


def full_message(message: int, *, hidden: bool) -> list[TranscriptEntry]:
    """The one message with all of its text; none if it is hidden and `hidden` does not allow that."""
    return _entries(
        list(_columns(_visible_messages(hidden).filter(pk=message), FULL_TEXT_CHARACTERS)),
        FULL_TEXT_CHARACTERS,
    )


def earlier_revisions(message: int) -> list[Any]:
    """The newest of what a message said before it was replaced, each with `shown`, the start of its content."""
    rows = (
        Revision.objects.filter(message=message)
        .order_by("-number")
        .annotate(shown=Left("content", CHARACTERS))
    )
    return list(rows.defer("content")[:REVISIONS])


def _visible_messages(hidden: bool) -> QuerySet[Message]:
    return Message.objects.all() if hidden else Message.objects.visible()


def _columns(messages: QuerySet[Message], limit: int) -> QuerySet[Any]:
    """One character more than is shown tells whether there is more."""
    return (
        messages.select_related("owner", "response")
        .only(*_COLUMNS)
        .annotate(
            shown_text=Left("plain_text", limit + 1),
            shown_content=Left("content", limit + 1),
            shown_calls=Left("tool_calls", limit + 1),
        )
    )


def _entries(rows: list[Any], limit: int) -> list[TranscriptEntry]:
    tools: dict[str, str] = {}  # names by the calls' ids; models repeat ids, and then the latest call counts
    entries = []
    for row in rows:
        entry = _entry(row, tools, limit)
        tools.update({call.id: call.name for call in entry.calls})
        entries.append(entry)
    return entries


def _entry(row: Any, tools: dict[str, str], limit: int) -> TranscriptEntry:
    calls = _calls(row.shown_calls or "")
    texts = (row.shown_text or row.shown_content, row.shown_content, row.shown_calls or "")
    return TranscriptEntry(
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


def _calls(stored: str) -> list[ToolCallEntry]:
    try:
        return [
            ToolCallEntry(str(call["id"]), str(call["function"]["name"]), str(call["function"]["arguments"]))
            for call in json.loads(stored or "[]")
        ]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
