"""Requests of OpenUI's `restStorage`."""

from __future__ import annotations

from typing import Any

from chat.conf import settings
from chat.exceptions import BadRequest
from chat.schemas.threads import MAX_TITLE
from chat.schemas.validation import bounded, parse_object, text_of


def parse_first_message(body: bytes) -> str:
    """Return the text of the message with which a thread begins."""
    messages = parse_object(body).get("messages")
    if not isinstance(messages, list) or not messages or not isinstance(messages[0], dict):
        raise BadRequest("`messages` must be a list that holds the first message.")
    text = _text(messages[0].get("content"))
    bounded(text, settings.content_bytes, "messages[0].content")
    return text


def _text(content: Any) -> str:
    """Return a content's text: all of it, or that of its text parts."""
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        texts = [part.get("text") for part in content if part.get("type") == "text"]
        if all(isinstance(text, str) for text in texts):
            return "".join(texts)
    if not isinstance(content, str):
        raise BadRequest("`messages[0].content` must be text, or a list of parts.")
    return content


def parse_title(body: bytes) -> str | None:
    """Return the title in the body of a change, which repeats everything else of the thread; None where it has none."""
    return text_of(parse_object(body), "title", MAX_TITLE)
