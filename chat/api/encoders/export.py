"""Shapes of exports: JSON for programs, Markdown for people."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import msgspec

from chat.api.encoders import serializers
from chat.models import Attachment, Role, Thread
from chat.text import markdown, plain_text, plain_text_of_parts
from chat.threads.exports import AccountExport, ExportedMessage

# Version of the file format, for readers of older files.
VERSION = 1
UNTITLED = "Chat"
TRUNCATION_NOTE = "\n\n*The export broke off here. Please try again.*\n"


def encode(value: Any) -> bytes:
    return msgspec.json.encode(value)


def opening(head: dict[str, Any], name: str) -> bytes:
    """Encode an object up to the start of its last field, a list."""
    return encode(head)[:-1] + b"," + encode(name) + b":["


def file_head() -> dict[str, Any]:
    return {"version": VERSION, "exportedAt": datetime.now(UTC)}


def account(data: AccountExport) -> dict[str, Any]:
    user = data.user
    return {
        "account": {
            "username": user.username,
            "guest": user.is_guest,
            "email": user.email,
            "joinedAt": user.date_joined,
            "lastLogin": user.last_login,
        },
        "tokens": [{"name": token.name, "createdAt": token.created_at} for token in data.tokens],
        "shares": [{"threadId": row.thread.public_id, **serializers.share(row)} for row in data.shares],
    }


def thread(row: Thread) -> dict[str, Any]:
    shape = serializers.thread(row)
    del shape["activeResponseId"]
    return shape


def message(one: ExportedMessage) -> dict[str, Any]:
    """Return a message as the routes show it, with its parent, from which the branches can be rebuilt."""
    shape = serializers.message(one.shown)
    for passing in ("offset", "versions"):
        del shape[passing]
    return {**shape, "parentId": one.parent, "model": one.model}


def attachment(row: Attachment) -> dict[str, Any]:
    data = base64.b64encode(row.data).decode()
    return {**serializers.attachment(row), "createdAt": row.created_at, "data": data}


def title(row: Thread) -> str:
    return f"# {_line(row.title) or UNTITLED}\n"


def message_as_markdown(one: ExportedMessage) -> str:
    """Return a message as Markdown under a heading with its author, its thought as a quotation ahead of it.

    Interfaces become headings, tables and lists.
    """
    by_user = one.shown.role == Role.USER
    author = "You" if by_user else one.model or "Assistant"
    at = one.shown.created_at.astimezone(UTC)
    content = serializers.message(one.shown)["content"]
    text = _prompt_text(content) if by_user else markdown(content)
    thought = _thought_as_markdown(one.shown.thinking) if one.shown.thinking else ""
    return f"\n## {author} · {at:%Y-%m-%d %H:%M} UTC\n\n{thought}{text}\n"


def _thought_as_markdown(thinking: dict[str, Any]) -> str:
    seconds = "" if thinking["seconds"] is None else f" for {thinking['seconds']:.1f} s"
    # All line breaks of Markdown: a line without its mark would end the quotation and pass for the answer.
    lines = thinking["text"].replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "".join(f"{f'> {line}'.rstrip()}\n" for line in (f"*Thought{seconds}*", "", *lines)) + "\n"


def _prompt_text(content: Any) -> str:
    if isinstance(content, msgspec.Raw):
        return plain_text_of_parts(msgspec.json.decode(content))
    return plain_text(content)


def _line(text: str) -> str:
    return " ".join(text.split())
