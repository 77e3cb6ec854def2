"""Shapes of exports: JSON for programs, Markdown for people."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import Any

import msgspec

from chat.api.encoders import serializers
from chat.models import ApiToken, Attachment, PersonRequest, Role, Thread
from chat.streams import request_event
from chat.text import fenced, markdown, plain_text, plain_text_of_parts
from chat.threads.exports import AccountExport, ExportedMessage

# Version of the file format, for readers of older files.
VERSION = 1
UNTITLED = "Chat"
# What Markdown would read as marks: names come from anywhere.
_MARKS = re.compile(r"[\\`*_{}\[\]<>#|~]")
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
        "tokens": [token(row) for row in data.tokens],
        "shares": [{"threadId": row.thread.public_id, **serializers.share(row)} for row in data.shares],
        "connections": [serializers.connection(row.server, row) for row in data.connections],
    }


def token(row: ApiToken) -> dict[str, Any]:
    """Return a token without its public id, which the export of an account does not need."""
    return {
        "name": row.name,
        "scopes": row.scopes,
        "expiresAt": row.expires_at,
        "createdAt": row.created_at,
    }


def thread(row: Thread) -> dict[str, Any]:
    shape: dict[str, Any] = {**serializers.thread(row)}
    for passing in ("activeResponseId", "waiting"):
        del shape[passing]
    return shape


def message(one: ExportedMessage) -> dict[str, Any]:
    """Return a message as the routes show it, with its parent, from which the branches can be rebuilt."""
    shape: dict[str, Any] = {**serializers.message(one.shown)}
    for passing in ("attachments", "offset", "versions"):
        del shape[passing]
    requests = [_request(row) for row in one.requests]
    return shape | {"parentId": one.parent, "model": one.model, "requests": requests}


def _request(row: PersonRequest) -> dict[str, Any]:
    """Return a request with its answer; the arguments of a call that staff decide on are for them alone."""
    return {
        **serializers.request(request_event(row)),
        "createdAt": row.created_at,
        "outcome": row.outcome,
        "answer": None if row.answer is None else msgspec.Raw(row.answer.encode()),
        "answeredAt": row.answered_at,
        "forThread": row.for_thread,
    }


def attachment(row: Attachment) -> dict[str, Any]:
    data = base64.b64encode(row.data).decode()
    return {**serializers.attachment(row), "data": data}


def title(row: Thread) -> str:
    return f"# {_line(row.title) or UNTITLED}\n"


def message_as_markdown(one: ExportedMessage) -> str:
    """Return a message as Markdown under a heading with its author, its thought and requests as quotations ahead of it.

    Interfaces become headings, tables and lists.
    """
    by_user = one.shown.role == Role.USER
    author = "You" if by_user else one.model or "Assistant"
    at = one.shown.created_at.astimezone(UTC)
    content = serializers.message(one.shown)["content"]
    text = _prompt_text(content) if by_user else markdown(content)
    thought = _thought_as_markdown(one.shown.thinking) if one.shown.thinking else ""
    asked = "".join(map(_request_as_markdown, one.requests))
    return f"\n## {author} · {at:%Y-%m-%d %H:%M} UTC\n\n{thought}{asked}{text}\n"


def _request_as_markdown(row: PersonRequest) -> str:
    at = f" · {row.answered_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if row.answered_at else ""
    parts = [f"*Request: {_escaped(_line(row.tool))} · {row.outcome or 'open'}{at}*"]
    parts += [_escaped(row.message)] if row.message else []
    parts += ["Arguments:", fenced(row.arguments, "json")] if row.arguments and not row.by_staff else []
    parts += ["Answer:", fenced(row.answer, "json")] if row.answer else []
    return _quotation("\n\n".join(parts))


def _thought_as_markdown(thinking: dict[str, Any]) -> str:
    seconds = "" if thinking["seconds"] is None else f" for {thinking['seconds']:.1f} s"
    return _quotation(f"*Thought{seconds}*\n\n{thinking['text']}")


def _quotation(text: str) -> str:
    # All line breaks of Markdown: a line without its mark would end the quotation and pass for the answer.
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "".join(f"{f'> {line}'.rstrip()}\n" for line in lines) + "\n"


def _prompt_text(content: Any) -> str:
    if isinstance(content, msgspec.Raw):
        return plain_text_of_parts(msgspec.json.decode(content))
    return plain_text(content)


def _escaped(text: str) -> str:
    return _MARKS.sub(r"\\\g<0>", text)


def _line(text: str) -> str:
    return " ".join(text.split())
