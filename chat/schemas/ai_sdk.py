"""Requests of Vercel's AI SDK and of assistant-ui's data-stream runtime, which sends messages in the SDK's prompt form.

Only the last message is new; the others serve to find its place in the thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal, TypeVar

import msgspec

from chat.exceptions import BadRequest, TooLarge
from chat.schemas.prompts import MAX_TURNS, Content, SendRequest, Turn, busy_policy
from chat.schemas.validation import is_id, optional_id, parse_struct

Part = dict[str, Any]

# Roles that take part in the conversation, and that of the results of tools, which the clients keep for themselves.
_ROLES = ("user", "assistant", "system")
_RESULTS = "tool"


class _Message(msgspec.Struct):
    """A message with the SDK's `parts`, or with the `content` of its prompts."""

    role: str
    id: str | None = None
    parts: list[Part] | None = None
    content: str | list[Part] | None = None

    @property
    def all_parts(self) -> list[Part]:
        found = self.content if self.parts is None else self.parts
        return [{"type": "text", "text": found}] if isinstance(found, str) else found or []


class _Chat(msgspec.Struct):
    id: str | None = None
    messages: list[_Message] | None = None
    message: _Message | None = None
    trigger: Literal["submit-message", "regenerate-message"] = "submit-message"
    messageId: str | None = None
    model: str | None = None
    busy: str | None = None
    # Those of assistant-ui.
    threadId: str | None = None
    parentId: str | None = None
    unstable_assistantMessageId: str | None = None


class _Stop(msgspec.Struct):
    assistantMessage: _Message | None = None


S = TypeVar("S", bound=msgspec.Struct)


def parse_chat(body: bytes) -> SendRequest:
    """Parse the body of `POST /api/ai-sdk/chat`."""
    raw = parse_struct(body, _Chat)
    *earlier, prompt = _messages(raw)
    if prompt.role != "user":
        raise BadRequest("The last of `messages` must have the role `user`.")
    thread = raw.id if raw.threadId is None else raw.threadId
    turns = tuple(_turns(earlier))
    return SendRequest(
        content=_content(prompt),
        prompt_id=_prompt_id(raw, prompt),
        thread_id=optional_id(thread, "id" if raw.threadId is None else "threadId"),
        response_id=optional_id(raw.unstable_assistantMessageId, "unstable_assistantMessageId"),
        model=raw.model,
        busy=busy_policy(raw.busy),
        turns=turns,
        prompts_before=_prompts_before(raw, prompt, turns),
        by_id=True,
        another=raw.trigger == "regenerate-message",
        another_if_known=raw.unstable_assistantMessageId is not None,
    )


def parse_stop(body: bytes) -> int | None:
    """Return the bytes of text that the body's `assistantMessage` shows; None without one."""
    message = parse_struct(body, _Stop).assistantMessage if body.strip() else None
    if message is None:
        return None
    if message.role != "assistant":
        raise BadRequest("`assistantMessage` must have the role `assistant`.")
    return len(_text(message).encode())


def _messages(raw: _Chat) -> list[_Message]:
    if raw.message is not None and raw.messages is not None:
        raise BadRequest("Send either `message` or `messages`, not both.")
    messages = raw.messages if raw.message is None else [raw.message]
    if not messages:
        raise BadRequest("`messages` is missing.")
    if len(messages) > MAX_TURNS:
        raise TooLarge(f"`messages` holds more than {MAX_TURNS} messages.")
    return messages


def _prompt_id(raw: _Chat, prompt: _Message) -> str | None:
    """Return the id of the prompt; assistant-ui names it as the parent of the answer."""
    return (
        optional_id(raw.parentId, "parentId") if prompt.id is None else optional_id(prompt.id, "messages.id")
    )


def _prompts_before(raw: _Chat, prompt: _Message, turns: Sequence[Turn]) -> int | None:
    """Return the number of the earlier prompts where only their number tells the place of this one.

    A list of one message without an id is a new beginning only from assistant-ui, which always sends all messages.
    """
    if prompt.id is not None or any(turn.id is not None for turn in turns):
        return None
    if not turns and raw.parentId is None:
        return None
    return sum(turn.role == "user" for turn in turns)


def _turns(messages: Iterable[_Message]) -> Iterable[Turn]:
    """Yield the messages that say something; a reply that failed or was stopped before its first text says nothing."""
    for message in messages:
        if message.role not in (*_ROLES, _RESULTS):
            raise BadRequest(f"A role in `messages` must be one of {', '.join(_ROLES)}.")
        name = message.id if message.id is not None and is_id(message.id) else None
        if message.role == "user":
            yield Turn(message.role, _content(message), name)
        elif message.role != _RESULTS and (text := _text(message)):
            yield Turn(message.role, Content(text), name)


def _text(message: _Message) -> str:
    return "".join(_text_of(part) for part in message.all_parts if part.get("type") == "text")


def _text_of(part: Part) -> str:
    text = part.get("text")
    if not isinstance(text, str):
        raise BadRequest("A part of the type `text` must have its `text`.")
    return text


def _content(message: _Message) -> Content:
    """Return a user's content, without parts of other types. Its size is checked when its pictures are stored."""
    shown = [part for part in map(_openai_part, message.all_parts) if part is not None]
    if any(part["type"] != "text" for part in shown):
        return Content(msgspec.json.encode(shown).decode(), parts=True)
    text = "".join(part["text"] for part in shown)
    if not text:
        raise BadRequest("A message of the user must have a text or a picture.")
    return Content(text)


def _openai_part(part: Part) -> Part | None:
    """Return OpenAI's form of a part of text or a picture; None for other types."""
    match part.get("type"):
        case "text":
            return {"type": "text", "text": _text_of(part)}
        case "file":
            return {"type": "image_url", "image_url": {"url": _picture_url(part)}}
    return None


def _picture_url(part: Part) -> str:
    """Return the address of a picture, for bare data in Base64 that of a `data:` URL. Raise BadRequest."""
    media = part.get("mediaType", "")
    source = part["url"] if "url" in part else part.get("data")
    if not isinstance(media, str) or not isinstance(source, str):
        raise BadRequest("A part of the type `file` must have its `mediaType`, and its `url` or `data`.")
    if media and not media.startswith("image/"):
        raise BadRequest("Only pictures are taken as files: PNG, JPEG, WebP or GIF.")
    if "url" in part or ":" in source or source.startswith("/api/"):
        return source
    return f"data:{media};base64,{source}"
