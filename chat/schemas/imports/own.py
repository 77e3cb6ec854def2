"""This server's own exports: of one chat (`thread`) and of an account (`threads`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from chat import text
from chat.exceptions import BadRequest
from chat.schemas.imports.tree import ImportedThread, SourceNode, imported
from chat.schemas.prompts import Content, is_part
from chat.schemas.validation import check_json


class ExportFile(msgspec.Struct):
    """An export of this server, of one chat or of an account; the lists of other programs are no objects."""

    thread: dict[str, Any] | None = None
    threads: list[dict[str, Any]] | None = None


class _Message(msgspec.Struct, rename="camel"):
    id: str
    role: str
    content: str | list[dict[str, Any]]
    parent_id: str | None = None
    created_at: datetime | None = None


class _Thread(msgspec.Struct, rename="camel"):
    thread_id: str
    messages: list[_Message]
    title: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    archived: bool = False
    pinned: bool = False


def entries_of(value: dict[str, Any]) -> Any:
    """Return the chats of an export; None where this is none."""
    return [value["thread"]] if isinstance(value.get("thread"), dict) else value.get("threads")


def recognises(entry: dict[str, Any]) -> bool:
    return isinstance(entry.get("threadId"), str) and isinstance(entry.get("messages"), list)


def read(entry: dict[str, Any]) -> ImportedThread:
    """Return a chat with all its branches. Raise ValidationError."""
    raw = msgspec.convert(entry, _Thread)
    nodes = [_node(message) for message in raw.messages]
    thread = imported(raw.thread_id, raw.title, nodes, raw.messages[-1].id if raw.messages else None)
    return replace(
        thread,
        created_at=_past(raw.created_at),
        updated_at=_past(raw.updated_at),
        archived=raw.archived,
        pinned=raw.pinned,
    )


def _node(message: _Message) -> SourceNode:
    return SourceNode(
        message.id, message.parent_id, message.role, _content(message), _past(message.created_at)
    )


def _content(message: _Message) -> Content:
    if isinstance(message.content, str):
        return Content(text.storable(message.content))
    if not all(map(is_part, message.content)):
        raise BadRequest("Each part of a message's `content` must have a `type`, and texts as its `text`.")
    check_json(message.content)
    return Content(msgspec.json.encode(message.content).decode(), parts=True)


def _past(time: datetime | None) -> datetime | None:
    """Return the time if it has an offset and is over."""
    return time if time is not None and time.tzinfo is not None and time <= datetime.now(UTC) else None
