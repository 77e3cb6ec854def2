"""Open WebUI's exported chats: a list of rows, each with its messages by id under `chat.history`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import msgspec

from chat import text
from chat.schemas.imports.tree import ImportedThread, SourceNode, imported, moment
from chat.schemas.prompts import Content

# Thought and calls of tools stand in the text as HTML; they are no part of the answer.
_DETAILS, _DETAILS_END = re.compile(r'<details type="[a-z_]+"'), re.compile(r"</details>\s*")


class _Message(msgspec.Struct, rename="camel"):
    id: str
    parent_id: str | None = None
    role: str = ""
    content: Any = None
    timestamp: float | None = None


class _History(msgspec.Struct, rename="camel"):
    messages: dict[str, _Message]
    current_id: str | None = None


class _Chat(msgspec.Struct):
    history: _History
    title: str | None = None


class _Row(msgspec.Struct):
    chat: _Chat
    id: str | None = None
    title: str | None = None
    created_at: float | None = None
    updated_at: float | None = None
    archived: bool | None = None
    pinned: bool | None = None


def recognises(entry: dict[str, Any]) -> bool:
    chat = entry.get("chat")
    return isinstance(chat, dict) and isinstance(chat.get("history"), dict)


def read(entry: dict[str, Any]) -> ImportedThread:
    """Return a chat with all its branches. Raise ValidationError."""
    raw = msgspec.convert(entry, _Row)
    history = raw.chat.history
    nodes = [_node(message) for message in history.messages.values()]
    thread = imported(raw.id, raw.title or raw.chat.title, nodes, history.current_id)
    return replace(
        thread,
        created_at=moment(raw.created_at),
        updated_at=moment(raw.updated_at) or moment(raw.created_at),
        archived=bool(raw.archived),
        pinned=bool(raw.pinned),
    )


def _node(message: _Message) -> SourceNode:
    content = Content(text.storable(_without_details(_text(message.content))))
    return SourceNode(message.id, message.parent_id, message.role, content, moment(message.timestamp))


def _text(content: Any) -> str:
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        return "\n\n".join(one for one in texts if isinstance(one, str))
    return content if isinstance(content, str) else ""


def _without_details(words: str) -> str:
    """Return a text without thought and calls. Linear time: one expression for all would be tried at each of them anew."""
    kept, done = list[str](), 0
    for opening in _DETAILS.finditer(words):
        if opening.start() < done:
            continue
        opened = words.find(">", opening.end())
        closing = _DETAILS_END.search(words, opened) if opened >= 0 else None
        if closing is None:
            break
        kept.append(words[done : opening.start()])
        done = closing.end()
    return "".join(kept) + words[done:]
