"""Requests of OpenUI's `restStorage`."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chat.conf import settings
from chat.exceptions import BadRequest
from chat.schemas.threads import MAX_TITLE, Title
from chat.schemas.validation import bounded, check_characters, parse_struct


class _Message(msgspec.Struct):
    content: Any = None


class FirstMessageBody(msgspec.Struct):
    """A new thread, with its first message."""

    messages: Annotated[list[_Message], Meta(min_length=1)]


class TitleBody(msgspec.Struct):
    """A thread as the client has it, of which the title counts."""

    title: Title | None = None


def parse_first_message(body: bytes) -> str:
    """Return the text of the message with which a thread begins."""
    text = _text(parse_struct(body, FirstMessageBody).messages[0].content)
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
    title = parse_struct(body, TitleBody).title
    check_characters(title, MAX_TITLE, "title")
    return title
