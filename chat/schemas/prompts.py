"""Prompts, imported conversations, and requests for another answer."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from chat.conf import settings
from chat.exceptions import BadRequest, TooLarge
from chat.schemas.validation import Json, bounded, checked_id, optional_id, parse_object

# Messages in one imported conversation.
MAX_TURNS = 1_000


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a message: its text, or (`parts`) the JSON text of OpenAI content parts, as received."""

    text: str
    parts: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of an imported conversation."""

    role: str
    content: Content


@dataclass(frozen=True, slots=True)
class SendRequest:
    """A prompt to answer. The server makes ids that are None; `turns` precede the prompt in a new thread.

    `parent_id` is the message that the prompt follows (None: it starts the thread; unset: it follows the last message).
    """

    content: Content
    prompt_id: str | None = None
    thread_id: str | None = None
    response_id: str | None = None
    model: str | None = None
    busy: str = "interrupt"
    turns: tuple[Turn, ...] = ()
    parent_id: str | msgspec.UnsetType | None = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class RegenerateRequest:
    """A request for another answer to the prompt that the response `original` answered."""

    original: str
    response_id: str | None = None
    model: str | None = None
    busy: str = "interrupt"


class _Message(msgspec.Struct):
    content: msgspec.Raw
    role: str
    id: str | None = None


class _Send(msgspec.Struct):
    prompt: _Message | None = None
    messages: list[_Message] | None = None
    threadId: str | None = None
    responseId: str | None = None
    model: str | None = None
    busy: str | None = None
    parentId: str | msgspec.UnsetType | None = msgspec.UNSET


def parse_send(body: bytes | str) -> SendRequest:
    """Parse the body of `POST /api/chat` and `POST /api/response`, or a `send` frame."""
    parse_object(body)
    try:
        raw = msgspec.json.decode(body, type=_Send)
    except msgspec.ValidationError as problem:
        raise BadRequest(f"{problem}.") from None
    *earlier, prompt = _prompt_messages(raw)
    if prompt.role != "user":
        raise BadRequest("The role of the prompt, or of the last of `messages`, must be `user`.")
    return SendRequest(
        content=_content(prompt.content),
        prompt_id=optional_id(prompt.id, "prompt.id"),
        thread_id=optional_id(raw.threadId, "threadId"),
        response_id=optional_id(raw.responseId, "responseId"),
        model=raw.model,
        busy=_busy(raw.busy),
        turns=tuple(_turn(message) for message in earlier),
        parent_id=checked_id(raw.parentId, "parentId") if isinstance(raw.parentId, str) else raw.parentId,
    )


def parse_regenerate(original: str, body: bytes) -> RegenerateRequest:
    """Parse the body of `POST /api/responses/{id}/regenerate`; it may be empty."""
    value = parse_object(body) if body.strip() else {}
    model, busy = value.get("model"), value.get("busy")
    if not isinstance(model, str | None) or not isinstance(busy, str | None):
        raise BadRequest("`model` and `busy` must be text.")
    response_id = optional_id(value.get("responseId"), "responseId")
    return RegenerateRequest(original, response_id, model, _busy(busy))


def _prompt_messages(raw: _Send) -> list[_Message]:
    if raw.prompt is not None and raw.messages is not None:
        raise BadRequest("Send either `prompt` or `messages`, not both.")
    if raw.prompt is not None:
        return [raw.prompt]
    if not raw.messages:
        raise BadRequest("`prompt` is missing.")
    if len(raw.messages) > MAX_TURNS:
        raise TooLarge(f"`messages` holds more than {MAX_TURNS} messages.")
    return raw.messages


def _turn(message: _Message) -> Turn:
    if message.role not in ("system", "user", "assistant"):
        raise BadRequest("A role in `messages` must be `system`, `user` or `assistant`.")
    return Turn(message.role, _content(message.content))


def _busy(word: str | None) -> str:
    if word not in (None, "interrupt", "reject", "queue"):
        raise BadRequest("`busy` must be `interrupt`, `reject` or `queue`.")
    return word or "interrupt"


def _content(raw: msgspec.Raw) -> Content:
    value = msgspec.json.decode(raw)
    if isinstance(value, str):
        content = Content(value)
    elif isinstance(value, list) and value and all(_is_part(part) for part in value):
        content = Content(bytes(raw).decode(), parts=True)
    else:
        raise BadRequest("`content` must be text, or a list of content parts with a `type` each.")
    if not content.text:
        raise BadRequest("`content` must not be empty.")
    bounded(content.text, settings.content_bytes)
    return content


def _is_part(part: Json) -> bool:
    return (
        isinstance(part, dict) and isinstance(part.get("type"), str) and isinstance(part.get("text", ""), str)
    )
