"""What a user takes along: JSON for programs, Markdown for people."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import msgspec

from chat.models import Attachment, Role, Thread
from chat.store.exports import Account, Exported
from chat.text import readable, readable_parts
from chat.wire import state

VERSION = 1  # of the files' form: a reader can tell an older one from a newer
NAMELESS = "Chat"
BROKEN_OFF = "\n\n*The export broke off here. Please try again.*\n"


def encode(value: Any) -> bytes:
    return msgspec.json.encode(value)


def opening(head: dict[str, Any], name: str) -> bytes:
    """An object up to the start of its last field, a list."""
    return encode(head)[:-1] + b"," + encode(name) + b":["


def file_head() -> dict[str, Any]:
    return {"version": VERSION, "exportedAt": datetime.now(UTC)}


def account(told: Account) -> dict[str, Any]:
    user = told.user
    return {
        "account": {
            "username": user.username,
            "guest": user.is_guest,
            "email": user.email,
            "joinedAt": user.date_joined,
            "lastLogin": user.last_login,
        },
        "tokens": [{"name": token.name, "createdAt": token.created_at} for token in told.tokens],
        "shares": [{"threadId": row.thread.public_id, **state.share(row)} for row in told.shares],
    }


def thread(row: Thread) -> dict[str, Any]:
    shape = state.thread(row)
    del shape["activeResponseId"]
    return shape


def message(one: Exported) -> dict[str, Any]:
    """As the routes give it, with what it follows: so the branches can be put together again."""
    shape = state.message(one.shown)
    for passing in ("offset", "versions"):
        del shape[passing]
    return {**shape, "parentId": one.parent, "model": one.model}


def attachment(row: Attachment) -> dict[str, Any]:
    data = base64.b64encode(row.data).decode()
    return {**state.attachment(row), "createdAt": row.created_at, "data": data}


def title(row: Thread) -> str:
    return f"# {_line(row.title) or NAMELESS}\n"


def said(one: Exported) -> str:
    """A message under a heading that says whose it is; what a generated interface shows becomes its words."""
    who = "You" if one.shown.role == Role.USER else one.model or "Assistant"
    at = one.shown.created_at.astimezone(UTC)
    return f"\n## {who} · {at:%Y-%m-%d %H:%M} UTC\n\n{_words(state.message(one.shown)['content'])}\n"


def _words(content: Any) -> str:
    if isinstance(content, msgspec.Raw):
        return readable_parts(msgspec.json.decode(content))
    return readable(content)


def _line(text: str) -> str:
    return " ".join(text.split())
