"""Conversations that clients bring along: stored as turn 0 of a new thread."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

import msgspec

from chat import text
from chat.db import notifications
from chat.models import Message, Role, Thread
from chat.schemas import Content, Turn
from chat.threads import artifacts, attachments, branches, stored_bytes


def import_turns(thread: Thread, turns: tuple[Turn, ...], reserved: Iterable[str | None]) -> None:
    """Store the turns in a new thread. Each keeps the client's id, unless that is `reserved` or names a message already."""
    used = {*reserved, None, *_taken(thread.owner_id, turns)}
    rows = []
    for position, turn in enumerate(turns):
        public_id = str(uuid4()) if turn.id is None or turn.id in used else turn.id
        used.add(public_id)
        row = Message(
            owner_id=thread.owner_id,
            thread=thread,
            public_id=public_id,
            turn=0,
            position=position,
            role=turn.role,
            content=turn.content.text,
            parts=turn.content.parts,
            tool_calls=turn.tool_calls,
            tool_call_id=turn.tool_call_id,
            hidden=turn.hidden,
            imported=True,
            plain_text="" if turn.role == Role.TOOL else plain_text(turn.content),
        )
        rows.append(row)
    _store_chain(rows, None)
    for row, turn in zip(rows, turns, strict=True):
        attachments.link_attachments(thread.owner_id, row.pk, turn.content)
    artifacts.index_imported(rows)
    thread.leaf = rows[-1] if rows else None


def _store_chain(rows: list[Message], parent: int | None) -> None:
    """Store messages, of which each follows the one before it, and the first one `parent`."""
    Message.objects.bulk_create(rows)
    keys = [row.pk for row in rows]
    branches.link_parents(zip(keys, [parent, *keys], strict=False))


def import_rounds(response: int, turns: tuple[Turn, ...]) -> None:
    """Store messages between the prompt of a new response and its reply."""
    reply = Message.objects.get(response=response, role=Role.ASSISTANT, hidden=False)
    first = reply.position
    # The reply moves up first: no two messages may hold one position.
    Message.objects.filter(pk=reply.pk).update(position=first + len(turns))
    rows = [
        Message(
            owner_id=reply.owner_id,
            thread_id=reply.thread_id,
            public_id=str(uuid4()),
            turn=reply.turn,
            position=position,
            role=turn.role,
            content=turn.content.text,
            tool_calls=turn.tool_calls,
            tool_call_id=turn.tool_call_id,
            hidden=True,
            imported=True,
        )
        for position, turn in enumerate(turns, first)
    ]
    _store_chain(rows, reply.parent_id)
    Message.objects.filter(pk=reply.pk).update(parent=rows[-1])


def create_thread(
    owner: int, public_id: str, model: str, turns: tuple[Turn, ...], metadata: str | None
) -> Thread:
    """Store a new thread that begins with these messages. Raise QuotaExceeded."""
    stored_bytes.check(owner, None, sum(len(turn.content.text) for turn in turns) + len(metadata or ""))
    first = next((turn for turn in turns if turn.role == Role.USER), None)
    title = text.title_of(plain_text(first.content)) if first else ""
    fields = {"title": title, "model": model, "metadata": metadata}
    thread = Thread.objects.create(owner_id=owner, public_id=public_id, **fields)
    import_turns(thread, turns, ())
    Thread.objects.filter(pk=thread.pk).update(leaf=thread.leaf)
    notifications.notify("thread", owner, thread.pk, "created")
    return Thread.objects.get(pk=thread.pk)


def _taken(owner: int, turns: tuple[Turn, ...]) -> Iterable[str]:
    ids = [turn.id for turn in turns if turn.id is not None]
    if not ids:
        return ()
    return Message.objects.owned_by(owner).filter(public_id__in=ids).values_list("public_id", flat=True)


def plain_text(content: Content) -> str:
    """Return the readable text of a content, for titles, search and screen readers."""
    if content.parts:
        return text.storable(text.plain_text_of_parts(msgspec.json.decode(content.text)))
    return text.plain_text(content.text)
