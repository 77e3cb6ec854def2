"""Untrusted JSON to frozen dataclasses, or a clear `bad_request` or `too_large`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from chat.conf import settings
from chat.errors import BadOffset, BadRequest, TooLarge
from chat.text import is_storable

MAX_DEPTH = 32  # levels of JSON; a chat message needs 5, and deeper ones only serve to exhaust a parser
MAX_TITLE = 200  # characters; longer ones no list can show
MAX_COMMENT = 2_000  # characters of feedback: a paragraph, not an essay
MAX_TURNS = 1_000  # messages in one imported conversation
MAX_OFFSET_DIGITS = 15  # a petabyte of text

_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}\Z")
_OFFSET = re.compile(rf"[0-9]{{1,{MAX_OFFSET_DIGITS}}}\Z", re.ASCII)

Json = Any


@dataclass(frozen=True, slots=True)
class Content:
    """What a message says: its text, or (`parts`) the JSON text of OpenAI content parts, as received."""

    text: str
    parts: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation that a client brings along."""

    role: str
    content: Content


@dataclass(frozen=True, slots=True)
class Send:
    """A prompt to answer. Ids that are None are the server's to make; `turns` come before the prompt in a new thread.

    `parent_id` is the message that the prompt follows (None: nothing), where it does not follow the thread's last one.
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
class Again:
    """Another answer wanted to the prompt that the response `original` answered."""

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


def parse_object(body: bytes | str) -> dict[str, Json]:
    """The JSON object in `body`, its depth and text checked."""
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError) as problem:
        raise BadRequest(f"The body is not valid JSON: {_reason(problem)}.") from None
    if not isinstance(value, dict):
        raise BadRequest("The body must be a JSON object.")
    _check(value, MAX_DEPTH)
    return value


def _reason(problem: Exception) -> str:
    return "nested too deep" if isinstance(problem, RecursionError) else str(problem)[:200]


def _check(value: Json, depth: int) -> None:
    if depth == 0:
        raise BadRequest(f"The JSON is nested deeper than {MAX_DEPTH} levels.")
    if isinstance(value, str):
        if not is_storable(value):
            raise BadRequest("Text must not contain NUL characters or lone surrogates.")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(key, depth - 1)
            _check(item, depth - 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth - 1)


def send(body: bytes | str) -> Send:
    """The body of `POST /api/chat` and `POST /api/response`, or a `send` frame."""
    parse_object(body)
    try:
        raw = msgspec.json.decode(body, type=_Send)
    except msgspec.ValidationError as problem:
        raise BadRequest(f"{problem}.") from None
    *earlier, prompt = _prompt_messages(raw)
    if prompt.role != "user":
        raise BadRequest("The role of the prompt, or of the last of `messages`, must be `user`.")
    return Send(
        content=_content(prompt.content),
        prompt_id=_optional_id(prompt.id, "prompt.id"),
        thread_id=_optional_id(raw.threadId, "threadId"),
        response_id=_optional_id(raw.responseId, "responseId"),
        model=raw.model,
        busy=_busy(raw.busy),
        turns=tuple(_turn(message) for message in earlier),
        parent_id=checked_id(raw.parentId, "parentId") if isinstance(raw.parentId, str) else raw.parentId,
    )


def again(original: str, body: bytes) -> Again:
    """The body of `POST /api/responses/{id}/regenerate`; it may be empty."""
    value = parse_object(body) if body.strip() else {}
    model, busy = value.get("model"), value.get("busy")
    if not isinstance(model, str | None) or not isinstance(busy, str | None):
        raise BadRequest("`model` and `busy` must be text.")
    response_id = _optional_id(value.get("responseId"), "responseId")
    return Again(original, response_id, model, _busy(busy))


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
    _bounded(content.text, settings.content_bytes)
    return content


def _is_part(part: Json) -> bool:
    return (
        isinstance(part, dict) and isinstance(part.get("type"), str) and isinstance(part.get("text", ""), str)
    )


def _bounded(text: str, limit: int) -> None:
    size = len(text.encode())
    if size > limit:
        raise TooLarge(f"`content` has {size} bytes; at most {limit} are taken.", limit=limit)


def _optional_id(value: Json, name: str) -> str | None:
    return None if value is None else checked_id(value, name)


def checked_id(value: Json, name: str) -> str:
    if not isinstance(value, str) or not _ID.match(value):
        raise BadRequest(f"`{name}` must be 1 to 128 of A-Z a-z 0-9 . _ : -")
    return value


def is_id(value: str) -> bool:
    """Whether `value` can be an id at all; one that cannot is unknown."""
    return bool(_ID.match(value))


@dataclass(frozen=True, slots=True)
class NewThread:
    thread_id: str | None
    title: str | None
    message: str | None
    model: str | None
    system_prompt: str | None


def new_thread(body: bytes) -> NewThread:
    """The body of `POST /api/threads`."""
    value = parse_object(body)
    title, message = _text(value, "title", MAX_TITLE), _text(value, "message", settings.content_bytes)
    return NewThread(
        thread_id=_optional_id(value.get("threadId"), "threadId"),
        title=title,
        message=message,
        model=_text(value, "model", 64),
        system_prompt=_text(value, "systemPrompt", settings.content_bytes),
    )


@dataclass(frozen=True, slots=True)
class ThreadChange:
    title: str | None
    archived: bool | None
    system_prompt: str | None
    leaf: str | None


def thread_change(body: bytes) -> ThreadChange:
    """The body of `PATCH /api/threads/{threadId}`."""
    value = parse_object(body)
    archived = value.get("archived")
    if archived is not None and not isinstance(archived, bool):
        raise BadRequest("`archived` must be true or false.")
    return ThreadChange(
        title=_text(value, "title", MAX_TITLE),
        archived=archived,
        system_prompt=_text(value, "systemPrompt", settings.content_bytes),
        leaf=_optional_id(value.get("leaf"), "leaf"),
    )


@dataclass(frozen=True, slots=True)
class Feedback:
    """What an owner thinks of an answer: bad (-1), nothing (0) or good (1), and why."""

    score: int
    comment: str


def feedback(body: bytes) -> Feedback:
    """The body of `PUT /api/threads/{threadId}/messages/{id}/feedback`."""
    value = parse_object(body)
    score = value.get("score")
    if isinstance(score, bool) or score not in (-1, 0, 1):
        raise BadRequest("`score` must be -1, 0 or 1.")
    return Feedback(int(score), _text(value, "comment", MAX_COMMENT) or "")


def _text(value: Mapping[str, Json], name: str, limit: int) -> str | None:
    text = value.get(name)
    if text is not None and not isinstance(text, str):
        raise BadRequest(f"`{name}` must be text.")
    if text is not None and len(text.encode()) > limit * 4:
        raise TooLarge(f"`{name}` is longer than {limit} characters.")
    return text


def share_end(body: bytes) -> datetime | None:
    """When the link of `POST /api/threads/{threadId}/shares` ends; no body, or null: never."""
    moment = parse_object(body).get("expiresAt") if body.strip() else None
    if moment is None:
        return None
    try:
        ends = datetime.fromisoformat(moment) if isinstance(moment, str) else None
        if ends is not None and ends > datetime.now(UTC):  # a naive one cannot be compared: TypeError
            return ends.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        pass
    raise BadRequest("`expiresAt` must be a moment to come, in ISO 8601 with its offset from UTC, or null.")


def replacement(body: bytes) -> str:
    """The body of `PUT /api/threads/{threadId}/messages/{id}`."""
    content = parse_object(body).get("content")
    if not isinstance(content, str):
        raise BadRequest("`content` must be text.")
    _bounded(content, settings.text_bytes + settings.content_bytes)
    return content


def stop_offset(body: bytes) -> int | None:
    """The offset in the body of a stop; no body means no cut."""
    return offset_of(parse_object(body).get("offset")) if body.strip() else None


def offset_of(value: Json) -> int | None:
    """An offset in JSON: a whole number from 0, or None where it is missing."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**MAX_OFFSET_DIGITS:
        raise BadOffset
    return value


def offset_text(text: str) -> int:
    """An offset in a query string or header."""
    if not _OFFSET.match(text):
        raise BadOffset
    return int(text)
