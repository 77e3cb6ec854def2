"""The messages of a thread in AG-UI's form, as its clients' own reducer makes them of a run's events, and in TanStack AI's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from chat.models import Role, ToolState
from chat.threads.attachments import PATH, reference
from chat.threads.messages import MessageView

Message = dict[str, Any]


def thought_id(reply: str, number: int) -> str:
    """Return the id of a reply's stretch of thought."""
    return f"{reply}:thought:{number}"


def ag_ui_messages(shown: Iterable[MessageView]) -> list[Message]:
    return [message for view in shown for message in _of_view(view)]


def _of_view(view: MessageView) -> Iterable[Message]:
    if view.role != Role.ASSISTANT:
        yield {"id": view.id, "role": view.role, "content": _content(view.content)}
        return
    if view.thinking is not None:
        yield {"id": thought_id(view.id, 0), "role": "reasoning", "content": view.thinking["text"]}
    calls = {"toolCalls": [_call(tool) for tool in view.tools]} if view.tools else {}
    if calls or view.content:
        yield {"id": view.id, "role": "assistant", "content": view.content, **calls}
    for tool in view.tools:
        if tool["state"] != ToolState.STARTED:
            ended = {"toolCallId": tool["id"], "content": ""}
            yield {"id": f"{view.id}:{tool['id']}", "role": "tool", **ended}


def _call(tool: dict[str, Any]) -> Message:
    return {"id": tool["id"], "type": "function", "function": {"name": tool["name"], "arguments": "{}"}}


def _content(content: Any) -> str | list[Message]:
    """Return a user's content: its text, or parts in place of OpenAI's."""
    if isinstance(content, str):
        return content
    return [part for part in map(_part, _parts(content)) if part is not None]


def _parts(content: msgspec.Raw) -> list[dict[str, Any]]:
    return msgspec.json.decode(content, type=list[dict[str, Any]])


def _part(part: dict[str, Any]) -> Message | None:
    """Return AG-UI's form of an OpenAI content part; None for one that it has no place for."""
    if part.get("type") == "text":
        return {"type": "text", "text": part.get("text", "")}
    if part.get("type") == "file":
        name = reference(part)
        source = {"type": "url", "value": f"{PATH}{name}"}
        return None if name is None else {"type": "document", "source": source}
    url = _url(part)
    return None if url is None else {"type": "image", "source": {"type": "url", "value": url}}


def _url(part: dict[str, Any]) -> str | None:
    source = part.get("image_url")
    url = source.get("url") if isinstance(source, dict) else source
    return url if part.get("type") == "image_url" and isinstance(url, str) else None


def tanstack_messages(shown: Iterable[MessageView]) -> list[Message]:
    """Return the messages of users and replies as TanStack AI's UI messages, without those that show nothing."""
    made = [{"id": one.id, "role": one.role, "parts": _tanstack_parts(one.content)} for one in shown]
    return [message for message in made if message["parts"]]


def _tanstack_parts(content: Any) -> list[Message]:
    converted = _content(content)
    if isinstance(converted, str):
        return [{"type": "text", "content": converted}] if converted else []
    return [
        {"type": "text", "content": part["text"]} if part["type"] == "text" else part for part in converted
    ]
