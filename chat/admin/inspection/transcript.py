"""Messages for people: author, plain text, thought, tool calls, and the raw content.

Texts are cut in the database, so the size of a page does not depend on the messages.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Left
from django.utils.translation import gettext

from chat.admin.inspection.person_requests import FULL_TEXT_CHARACTERS, RequestView, request_views
from chat.admin.inspection.thoughts import ThoughtView, thought_views
from chat.admin.inspection.timeline import Timeline, timelines
from chat.admin.inspection.versions import Version, versions
from chat.admin.lists.columns import short_name
from chat.admin.lists.formatting import format_tokens
from chat.models import Message, Revision, Role, Thread
from chat.threads import branches

# Messages of a thread's page: ten turns with tools.
MESSAGES = 50
# Messages after one that is looked for: a longer way takes a noticeable time, and the page is then the newest of the branch.
LOCATED_MESSAGES = 10_000
# Characters of each text on a thread's page: five screens, and a page stays under a few MB.
CHARACTERS = 10_000
# Revisions on a message's page: those of a form that was filled in field by field.
REVISIONS = 20

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
    "response__reasoning_tokens",
    "response__cached_tokens",
    "response__usage_source",
    "response__tool_changes",
    "response__thinking_length",
    "response__thinking_ms",
)


@dataclass(frozen=True, slots=True)
class ToolCallEntry:
    """A tool call of a model; `arguments` is the text as received."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class TranscriptEntry:
    """One message. `calls_text` replaces `calls` that cannot be parsed; `cut` is True if a text is incomplete.

    `provider_fields`: the JSON that the provider wants back with a hidden message.
    """

    message: Message
    author: str
    text: str
    raw: str
    cut: bool
    calls: list[ToolCallEntry] = field(default_factory=list)
    calls_text: str = ""
    provider_fields: str = ""
    thought: ThoughtView | None = None
    requests: Sequence[RequestView] = ()
    timeline: Timeline | None = None
    version: Version | None = None

    @property
    def is_reply(self) -> bool:
        return self.message.role == Role.ASSISTANT and not self.message.hidden

    @property
    def hidden_kind(self) -> str:
        """The kind of a hidden message in words."""
        if self.message.role == Role.TOOL:
            return gettext("Result of")
        return gettext("Call of") if self.calls or self.calls_text else self.message.get_role_display()

    @property
    def tokens(self) -> str:
        response = self.message.response
        return format_tokens(response) if response and response.usage_source else ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A page of one branch, oldest first. `older` is the message before which the previous page ends, or None."""

    entries: list[TranscriptEntry]
    older: int | None


@dataclass(frozen=True, slots=True)
class TranscriptPosition:
    """Position of a page: on the branch through the message `via`, before the message `before`; both are primary keys.

    Without either, the end of the branch that the owner sees.
    """

    via: int | None = None
    before: int | None = None

    @property
    def newest(self) -> bool:
        return self.before is None


def locate(thread: Thread, message: int, *, hidden: bool) -> TranscriptPosition:
    """Return the position of the page with a message, on the newest branch through it; the newest page if it is unknown."""
    if not _placed(thread).filter(pk=message).exists():
        return TranscriptPosition()
    branch = branches.ancestors(branches.latest_leaf_below(message), LOCATED_MESSAGES, hidden=hidden)
    index = branch.index(message) if message in branch else 0
    if index < MESSAGES:
        return TranscriptPosition(via=message)
    return TranscriptPosition(before=branch[index - MESSAGES // 2 - 1])


def _placed(thread: Thread) -> QuerySet[Message]:
    return Message.objects.visible().filter(thread=thread, turn__isnull=False)


def transcript(thread: Thread, position: TranscriptPosition, *, hidden: bool) -> Transcript:
    """Return a page of a thread, queued prompts last; `hidden` includes hidden messages. An unknown position is empty."""
    pks = branches.ancestors(_last(thread, position), MESSAGES + 1, hidden=hidden)
    by_key = {row.pk: row for row in _columns(Message.objects.filter(pk__in=pks[:MESSAGES]), CHARACTERS)}
    rows = [by_key[pk] for pk in reversed(pks[:MESSAGES])]
    if position.newest and position.via is None:
        rows += _columns(
            _visible_messages(hidden).filter(thread=thread, turn=None).order_by("pk"), CHARACTERS
        )[:MESSAGES]
    entries = _with_requests(_entries(rows, CHARACTERS), CHARACTERS, hidden=hidden)
    return Transcript(_with_timelines_and_versions(entries), rows[0].pk if len(pks) > MESSAGES else None)


def _last(thread: Thread, position: TranscriptPosition) -> int | None:
    """Return the message with which a page ends. A thread without a leaf shows the last message."""
    placed = _placed(thread)
    if position.before is not None:
        rows = Message.objects.filter(thread=thread, pk=position.before)
        return rows.values_list("parent_id", flat=True).first()
    if position.via is not None:
        return branches.latest_leaf_below(position.via) if placed.filter(pk=position.via).exists() else None
    if thread.leaf_id is not None:
        return thread.leaf_id
    return placed.order_by("-turn", "-position").values_list("pk", flat=True).first()


def _with_timelines_and_versions(entries: list[TranscriptEntry]) -> list[TranscriptEntry]:
    """Add the timeline to each reply, and the other versions to each message."""
    responses = {entry.message.response_id: entry.message.response for entry in entries if entry.is_reply}
    bars = timelines([response for response in responses.values() if response])
    message_versions = versions([entry.message for entry in entries if not entry.message.hidden])
    return [
        replace(
            entry,
            timeline=bars.get(entry.message.response_id or 0) if entry.is_reply else None,
            version=message_versions.get(entry.message.pk),
        )
        for entry in entries
    ]


def full_message(message: int, *, hidden: bool) -> list[TranscriptEntry]:
    """Return one message with its full text, or an empty list if it is hidden and `hidden` is False."""
    rows = list(_columns(_visible_messages(hidden).filter(pk=message), FULL_TEXT_CHARACTERS))
    return _with_requests(_entries(rows, FULL_TEXT_CHARACTERS), FULL_TEXT_CHARACTERS, hidden=hidden)


def earlier_revisions(message: int) -> list[Any]:
    """Return the newest earlier revisions of a message, each with `shown`, the start of its content."""
    rows = (
        Revision.objects.filter(message=message)
        .order_by("-number")
        .annotate(shown=Left("content", CHARACTERS))
    )
    return list(rows.defer("content")[:REVISIONS])


def _visible_messages(hidden: bool) -> QuerySet[Message]:
    return Message.objects.all() if hidden else Message.objects.visible()


def _columns(messages: QuerySet[Message], limit: int) -> QuerySet[Any]:
    """Select the columns of a page; texts have one character more than `limit` to tell if they are cut."""
    return (
        messages.select_related("owner", "response")
        .only(*_COLUMNS)
        .annotate(
            shown_text=Left("plain_text", limit + 1),
            shown_content=Left("content", limit + 1),
            shown_calls=Left("tool_calls", limit + 1),
            shown_fields=Left("provider_fields", limit + 1),
        )
    )


def _entries(rows: list[Any], limit: int) -> list[TranscriptEntry]:
    # Names by the calls' ids; models repeat ids, and then the latest call counts.
    tools: dict[str, str] = {}
    entries = []
    for row in rows:
        entry = _entry(row, tools, limit)
        tools.update({call.id: call.name for call in entry.calls})
        entries.append(entry)
    return _with_thoughts(entries, limit)


def _with_thoughts(entries: list[TranscriptEntry], limit: int) -> list[TranscriptEntry]:
    """Add the thought to each reply."""
    replies = {entry.message.response for entry in entries if entry.is_reply}
    thoughts = thought_views([response for response in replies if response], limit)
    return [
        replace(entry, thought=thoughts.get(entry.message.response_id or 0)) if entry.is_reply else entry
        for entry in entries
    ]


def _with_requests(entries: list[TranscriptEntry], limit: int, *, hidden: bool) -> list[TranscriptEntry]:
    """Add the requests to a person to each reply; `hidden` includes what was asked and answered."""
    replies = {entry.message.response for entry in entries if entry.is_reply}
    asking = [response.pk for response in replies if response and response.tool_changes]
    views = request_views(asking, content=hidden, limit=limit) if asking else {}
    return [
        replace(entry, requests=views.get(entry.message.response_id or 0, ())) if entry.is_reply else entry
        for entry in entries
    ]


def _entry(row: Any, tools: dict[str, str], limit: int) -> TranscriptEntry:
    calls = _calls(row.shown_calls or "")
    fields = row.shown_fields or "" if row.hidden else ""
    texts = (row.shown_text or row.shown_content, row.shown_content, row.shown_calls or "", fields)
    return TranscriptEntry(
        message=row,
        author=_author(row, tools),
        text=texts[0][:limit],
        raw=texts[1][:limit],
        cut=any(len(text) > limit for text in texts),
        calls=calls,
        calls_text="" if calls else texts[2][:limit],
        provider_fields=fields[:limit],
    )


def _author(row: Any, tools: dict[str, str]) -> str:
    """Return the author: a user, a model or a tool; "" for an imported reply, whose model is unknown."""
    match row.role:
        case Role.USER:
            return short_name(row.owner.username)
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
