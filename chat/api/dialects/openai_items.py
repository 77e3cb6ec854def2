"""Messages as the items of OpenAI's conversations."""

from __future__ import annotations

from typing import Any

import msgspec

from chat.api.encoders.openai.objects import Object, message_item, text_part
from chat.models import Message, Role
from chat.threads.attachments import reference
from chat.threads.messages import MessageView


def input_item(prompt: Message) -> Object:
    """Return the item of a prompt."""
    content = msgspec.json.decode(prompt.content) if prompt.parts else prompt.content
    return message_item(prompt.public_id, "completed", _input_parts(content), role="user")


def view_item(view: MessageView) -> Object:
    """Return the item of a visible message."""
    content = msgspec.json.decode(view.content) if isinstance(view.content, msgspec.Raw) else view.content
    if view.role == Role.USER:
        return message_item(view.id, "completed", _input_parts(content), role="user")
    status = {
        "done": "completed",
        "streaming": "in_progress",
        "queued": "in_progress",
        "waiting": "completed",
    }
    return message_item(view.id, status.get(view.status, "incomplete"), [text_part(_words(content))])


def _input_parts(content: Any) -> list[Object]:
    if isinstance(content, str):
        return [{"type": "input_text", "text": content}]
    return [part for one in content if (part := _input_part(one))]


def _input_part(part: Object) -> Object | None:
    """Return a part of a prompt; None for one that this protocol has no name for."""
    if part["type"] == "text":
        return {"type": "input_text", "text": part.get("text", "")}
    if part["type"] == "file":
        return {"type": "input_file", **part["file"]} if reference(part) else None
    source = part.get("image_url")
    url = source.get("url") if isinstance(source, dict) else source
    return {"type": "input_image", "image_url": url, "detail": "auto"} if isinstance(url, str) else None


def _words(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content if part["type"] == "text")
