"""ChatGPT's `conversations.json`: a list of chats, each with a `mapping` of its messages by id."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import msgspec

from chat import text
from chat.schemas.imports.tree import ImportedThread, SourceNode, imported, moment
from chat.schemas.prompts import Content

# Marks of citations in private-use characters, which only ChatGPT's own page can draw. None holds another one, for else a
# text of nothing but their beginnings would take 500 steps for each.
_CITATION = re.compile("\ue200[^\ue200\ue201]{0,500}+\ue201")
# Kinds of content that were on the page; the others are thought, memories and tools' data.
TEXTS = ("text", "multimodal_text")


class _Author(msgspec.Struct):
    role: str = ""


class _Body(msgspec.Struct):
    content_type: str = ""
    parts: list[Any] | None = None


class _Message(msgspec.Struct):
    author: _Author = msgspec.field(default_factory=_Author)
    content: _Body = msgspec.field(default_factory=_Body)
    create_time: float | None = None
    recipient: str | None = None
    metadata: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """Return what was shown of the message; empty for a tool's call, a hidden text, and pictures alone."""
        hidden = (self.metadata or {}).get("is_visually_hidden_from_conversation") is True
        if hidden or self.recipient not in (None, "all") or self.content.content_type not in TEXTS:
            return ""
        parts = [part for part in self.content.parts or [] if isinstance(part, str)]
        return text.storable(_CITATION.sub("", "\n\n".join(filter(None, parts))))


class _Node(msgspec.Struct):
    message: _Message | None = None
    parent: str | None = None


class _Conversation(msgspec.Struct):
    mapping: dict[str, _Node]
    title: str | None = None
    create_time: float | None = None
    update_time: float | None = None
    current_node: str | None = None
    conversation_id: str | None = None
    id: str | None = None
    is_archived: bool | None = None


def recognises(entry: dict[str, Any]) -> bool:
    return isinstance(entry.get("mapping"), dict)


def read(entry: dict[str, Any]) -> ImportedThread:
    """Return a chat with all its branches. Raise ValidationError."""
    raw = msgspec.convert(entry, _Conversation)
    nodes = [_node(key, node) for key, node in raw.mapping.items()]
    thread = imported(raw.conversation_id or raw.id, raw.title, nodes, raw.current_node)
    return replace(
        thread,
        created_at=moment(raw.create_time),
        updated_at=moment(raw.update_time) or moment(raw.create_time),
        archived=bool(raw.is_archived),
    )


def _node(key: str, node: _Node) -> SourceNode:
    message = node.message or _Message()
    return SourceNode(
        key, node.parent, message.author.role, Content(message.text), moment(message.create_time)
    )
