"""The messages of a thread as its readers see them, and feedback on answers."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db.models.functions import Coalesce, Greatest, Now

from chat import text
from chat.conf import settings
from chat.exceptions import BadRequest, NotFound, ThreadBusy
from chat.models import Artifact, Attachment, Message, Response, Role, Status, Thread, ToolState, ToolUse
from chat.schemas import Feedback, is_id
from chat.streams import storage
from chat.threads import (
    artifacts,
    attachments,
    branches,
    ended_requests,
    revisions,
    stored_bytes,
    tool_details,
)
from chat.threads.portions import fitting, octets
from chat.threads.threads import find, find_changeable

# Bytes of contents on one page, more than the usual 200 messages have; one message comes whole even if it is longer.
PAGE_BYTES = 4 * 1024 * 1024
# Messages; more than any thread has.
WHOLE_BRANCH = 1_000_000


@dataclass(frozen=True, slots=True)
class MessageRange:
    """A range of messages: the newest `limit` before `before`, on the branch that ends with `leaf`."""

    limit: int
    before: str | None = None
    leaf: str | None = None


@dataclass(frozen=True, slots=True)
class MessageView:
    """A visible message with the state of its response.

    `offset`: the log offset from which to follow, None for a user's message. `thinking`: the model's thought and its seconds,
    None without one. `tools`: the tool calls, with the log offset at which each stood. `requests`: those to a person that have
    ended. `attachments`: those that the message shows, as far as they exist; exports and admin leave them out.
    `artifacts`: those in the content, each a version.
    """

    id: str
    role: str
    content: Any
    created_at: Any
    status: str
    offset: int | None
    error: str | None
    versions: list[str]
    feedback: Feedback | None
    thinking: dict[str, Any] | None = None
    tools: Sequence[dict[str, Any]] = ()
    requests: Sequence[dict[str, Any]] = ()
    attachments: Sequence[Attachment] = ()
    artifacts: Sequence[Artifact] = ()

    @property
    def has_parts(self) -> bool:
        """Return whether the content is the JSON of content parts."""
        return isinstance(self.content, msgspec.Raw)

    @property
    def size(self) -> int:
        """Characters, or bytes of JSON."""
        return len(self.content) + len(self.thinking["text"] if self.thinking else "")


def page(user: int, public_id: str, wanted: MessageRange) -> tuple[list[MessageView], bool]:
    """Return the messages of a range, oldest first, and whether older ones exist.

    The newest come first where PAGE_BYTES do not hold all. Raise NotFound or BadRequest.
    """
    thread = find(user, public_id)
    pks = branches.ancestors(_last(thread, wanted), wanted.limit + 1)
    taken = _fitting(pks[: wanted.limit])
    placed = _placed(user, taken[::-1])
    waiting = _waiting(thread) if wanted.before is None and wanted.leaf is None else []
    more = len(pks) > len(taken) or len(placed) + len(waiting) > wanted.limit
    return (placed + waiting)[-wanted.limit :], more


def page_after(user: int, public_id: str, limit: int, after: str | None) -> tuple[list[MessageView], bool]:
    """Return the messages behind one, or the first ones, oldest first, and whether newer ones exist.

    The oldest come first where PAGE_BYTES do not hold all. Raise NotFound or BadRequest.
    """
    thread = find(user, public_id)
    waiting = _waiting(thread)
    if after in (queued := [view.id for view in waiting]):
        left = waiting[queued.index(after) + 1 :]
        return left[:limit], len(left) > limit
    pks = branches.ancestors(thread.leaf_id, WHOLE_BRANCH)[::-1]
    behind = None if after is None else branches.find_message(thread, after, "after").pk
    if behind is not None and behind not in pks:
        raise BadRequest("`after` must be the id of an item in this conversation.")
    pks = pks if behind is None else pks[pks.index(behind) + 1 :]
    taken = _fitting(pks[:limit])
    shown = _placed(user, taken)
    if len(taken) < len(pks):
        return shown, True
    return (shown + waiting)[:limit], len(shown) + len(waiting) > limit


def _placed(user: int, pks: list[int]) -> list[MessageView]:
    """Return the views of messages that have their place, in this order."""
    rows = Message.objects.visible().select_related("response").defer("plain_text", "terms").in_bulk(pks)
    versions = branches.versions(rows.values())
    return _for_reader(user, [(rows[pk], versions.get(pk, [])) for pk in pks if pk in rows])


def _fitting(pks: list[int]) -> list[int]:
    """Return the first keys that fit on one page; a message that is being written counts by its log."""
    rows = Message.objects.filter(pk__in=pks)
    thought = Coalesce("response__thinking_length", 0)
    sized = rows.annotate(size=Greatest(octets("content"), Coalesce("response__log_length", 0)) + thought)
    sizes = dict(sized.values_list("pk", "size"))
    return fitting([(pk, sizes.get(pk, 0)) for pk in pks], PAGE_BYTES)


def _last(thread: Thread, wanted: MessageRange) -> int | None:
    if wanted.before is not None:
        return branches.find_message(thread, wanted.before, "before").parent_id
    if wanted.leaf is not None:
        return int(branches.find_message(thread, wanted.leaf, "leaf").pk)
    return thread.leaf_id


def _waiting(thread: Thread) -> list[MessageView]:
    """Return the queued prompts and their replies in order of arrival."""
    rows = Message.objects.visible().filter(thread=thread, turn=None, response__status=Status.QUEUED)
    replies = rows.select_related("response__prompt").order_by("response_id")
    pairs = [(reply.response.prompt, reply) for reply in replies if reply.response]
    return [shown(row, [row.public_id]) for pair in pairs for row in pair]


def _for_reader(user: int, rows: list[tuple[Message, list[str]]]) -> list[MessageView]:
    """Return the views of messages with their attachments; with details of tool calls where the settings show them."""
    showing = [row.pk for row, _ in rows if row.parts or (row.response and row.response.tool_changes)]
    shown = attachments.of_messages(user, showing)
    views = [
        dataclasses.replace(view, attachments=shown[row.pk]) if row.pk in shown else view
        for (row, _), view in zip(rows, with_details(rows), strict=True)
    ]
    if not settings.tool_details:
        return views
    calling = {row.response_id for (row, _), view in zip(rows, views, strict=True) if view.tools}
    calls = tool_details.of_responses(calling)
    return [
        _detailed(view, calls.get(row.response_id, [])) for (row, _), view in zip(rows, views, strict=True)
    ]


def _detailed(view: MessageView, calls: list[dict[str, Any]]) -> MessageView:
    told = tool_details.in_order(view.tools, calls)
    return dataclasses.replace(view, tools=[tool | one for tool, one in zip(view.tools, told, strict=True)])


def with_details(rows: Iterable[tuple[Message, list[str]]]) -> list[MessageView]:
    """Return the views of messages, each given with its versions; replies with all that belongs to them."""
    pairs = list(rows)
    replies = {
        row.response.pk: row.response for row, _ in pairs if row.response and row.role == Role.ASSISTANT
    }
    thoughts = storage.thoughts_of([pk for pk, one in replies.items() if one.thinking_length])
    calling = [pk for pk, one in replies.items() if one.tool_changes]
    uses, requests = storage.tool_uses_of(calling), ended_requests.of_responses(calling)
    written = artifacts.of_messages(row for row, _ in pairs)
    views = []
    for row, versions in pairs:
        view, response = shown(row, versions), row.response
        if response is not None and response.pk in thoughts:
            seconds = None if response.thinking_ms is None else response.thinking_ms / 1000
            view = dataclasses.replace(view, thinking={"text": thoughts[response.pk], "seconds": seconds})
        if response is not None and response.pk in uses:
            called = [_tool(use, response) for use in uses[response.pk]]
            view = dataclasses.replace(view, tools=called, requests=requests.get(response.pk, ()))
        views.append(dataclasses.replace(view, artifacts=written[row.pk]) if row.pk in written else view)
    return views


def _tool(use: ToolUse, response: Response) -> dict[str, Any]:
    """Return a tool call as clients see it; one that its process did not end has failed."""
    state = ToolState.FAILED if response.ended and use.state == ToolState.STARTED else use.state
    return {"id": use.call_id, "name": use.name, "state": state, "offset": use.text_offset}


def shown(row: Message, versions: list[str]) -> MessageView:
    """Return the view of a visible message that was loaded with its response, without thought and tool calls."""
    response = row.response
    content: Any = msgspec.Raw(row.content.encode()) if row.parts else row.content
    if response is None:
        return MessageView(
            row.public_id, row.role, content, row.created_at, Status.DONE, None, None, versions, None
        )
    offset = response.log_length
    if not response.ended:
        # The offset is that of the text just read: a flush may have come since the response was.
        offset, content = storage.kept_text(storage.pieces_of(response.pk), None)
    error = response.error_detail if response.status == Status.FAILED and not row.content else None
    said = (
        Feedback(row.feedback_score, row.feedback_comment)
        if row.feedback_score or row.feedback_comment
        else None
    )
    return MessageView(
        row.public_id, row.role, content, row.created_at, response.status, offset, error, versions, said
    )


def _answer(user: int, public_id: str, message_id: str) -> Message:
    """Return an assistant's message, locked. Raise NotFound, or BadRequest for a user's message."""
    thread = find_changeable(user, public_id)
    rows = Message.objects.visible().filter(thread=thread, public_id=message_id if is_id(message_id) else "")
    row = rows.select_related("response").select_for_update(of=("self",)).first()
    if row is None:
        raise NotFound
    if row.role != Role.ASSISTANT:
        raise BadRequest("This is only for an assistant's message.")
    return row


def replace(user: int, public_id: str, message_id: str, content: str) -> MessageView:
    """Replace the content of an assistant's message. Raise NotFound, BadRequest or ThreadBusy."""
    row = _answer(user, public_id, message_id)
    if row.response is not None and not row.response.ended:
        raise ThreadBusy("This message is still being written.")
    if row.redacted_at is not None:
        raise BadRequest("This message was removed, and cannot be changed.")
    if row.content != content:
        stored_bytes.check(row.owner_id, row.thread_id, len(content.encode()))
        changed = {
            "revision": revisions.save_message_revision(row),
            "content": content,
            "plain_text": text.storable(text.plain_text(content)),
            "edited_at": Now(),
        }
        Message.objects.filter(pk=row.pk).update(**changed)
        row.content = content
        artifacts.index(row.pk, content)
    return _for_reader(user, [(row, branches.versions([row]).get(row.pk, []))])[0]


def rate(user: int, public_id: str, message_id: str, feedback: Feedback) -> None:
    """Store a rating of an answer; the last one counts. Raise NotFound or BadRequest."""
    row = _answer(user, public_id, message_id)
    if feedback.comment:
        stored_bytes.check(row.owner_id, row.thread_id, len(feedback.comment.encode()))
    said = {"feedback_score": feedback.score, "feedback_comment": feedback.comment}
    Message.objects.filter(pk=row.pk).update(**said)
