"""Requests that create, change, rate, share and cut threads and messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta

from chat.conf import settings
from chat.exceptions import BadRequest
from chat.schemas.validation import (
    Id,
    Offset,
    bounded,
    check_characters,
    offset_of,
    optional_id,
    parse_struct,
)

# Characters; no list can show a longer title.
MAX_TITLE = 200
# Characters of a model's name; the column's.
MAX_MODEL = 64
# Bytes of a user's instructions, which go with every prompt of a new chat: two pages.
MAX_INSTRUCTIONS = 8_192
# Characters of a token's name; the column's.
MAX_TOKEN_NAME = 100
# Characters of feedback: a paragraph, not an essay.
MAX_COMMENT = 2_000


# Those of `chat.models.TokenScope`.
Scope = Literal["read", "send", "manage"]
Moment = Annotated[str, Meta(extra_json_schema={"format": "date-time"})]
Title = Annotated[str, Meta(extra_json_schema={"maxLength": MAX_TITLE})]


class ExportParamsBody(msgspec.Struct):
    """The object that C1's client gives to export an artifact; opaque to this server."""

    exportParams: Annotated[str, Meta(min_length=1)]


class NewThreadBody(msgspec.Struct):
    """A new thread. `message` gives its title and is not stored; the system prompt is never shown to a client."""

    threadId: Id | None = None
    title: Title | None = None
    message: str | None = None
    model: Annotated[str, Meta(extra_json_schema={"maxLength": MAX_MODEL})] | None = None
    systemPrompt: str | None = None


class ThreadChangeBody(msgspec.Struct):
    """A change of a thread. `leaf`: a message of the branch to show and to continue."""

    title: Title | None = None
    archived: bool | None = None
    pinned: bool | None = None
    systemPrompt: str | None = None
    leaf: Id | None = None


class FeedbackBody(msgspec.Struct):
    """A rating of a reply: bad (-1), none (0) or good (1), with a comment."""

    score: Literal[-1, 0, 1]
    comment: Annotated[str, Meta(extra_json_schema={"maxLength": MAX_COMMENT})] | None = None


class ShareBody(msgspec.Struct):
    """The end of a link: a time in the future; null for none. `messageId`: the one message that it shows."""

    expiresAt: Moment | None = None
    messageId: Id | None = None


class InstructionsBody(msgspec.Struct):
    """System text of the chats that the user begins from now on."""

    instructions: str


class TokenBody(msgspec.Struct):
    """A new token: its purpose, its scopes (by default all) and its end (null: none)."""

    name: Annotated[str, Meta(extra_json_schema={"maxLength": MAX_TOKEN_NAME})]
    scopes: Annotated[list[Scope], Meta(min_length=1)] | None = None
    expiresAt: Moment | None = None


class ReplacementBody(msgspec.Struct):
    """The new content of a reply."""

    content: str


class StopBody(msgspec.Struct):
    """A stop. With `offset` the stored message is cut to what a reader at that place had seen."""

    offset: Offset = None


@dataclass(frozen=True, slots=True)
class NewThread:
    thread_id: str | None
    title: str | None
    message: str | None
    model: str | None
    system_prompt: str | None


def parse_export_params(body: bytes) -> str:
    """Parse the body of an export of an artifact."""
    return parse_struct(body, ExportParamsBody).exportParams


def parse_new_thread(body: bytes) -> NewThread:
    """Parse the body of `POST /api/threads`."""
    raw = parse_struct(body, NewThreadBody)
    check_characters(raw.title, MAX_TITLE, "title")
    check_characters(raw.model, MAX_MODEL, "model")
    _check_contents(message=raw.message, systemPrompt=raw.systemPrompt)
    thread_id = optional_id(raw.threadId, "threadId")
    return NewThread(thread_id, raw.title, raw.message, raw.model, raw.systemPrompt)


def _check_contents(**contents: str | None) -> None:
    """Raise TooLarge for a text of more bytes than a content may have."""
    for name, text in contents.items():
        bounded(text or "", settings.content_bytes, name)


@dataclass(frozen=True, slots=True)
class ThreadChange:
    title: str | None
    archived: bool | None
    system_prompt: str | None
    leaf: str | None
    pinned: bool | None = None


def parse_thread_change(body: bytes) -> ThreadChange:
    """Parse the body of `PATCH /api/threads/{threadId}`."""
    raw = parse_struct(body, ThreadChangeBody)
    check_characters(raw.title, MAX_TITLE, "title")
    _check_contents(systemPrompt=raw.systemPrompt)
    return ThreadChange(raw.title, raw.archived, raw.systemPrompt, optional_id(raw.leaf, "leaf"), raw.pinned)


@dataclass(frozen=True, slots=True)
class Feedback:
    """The owner's rating of an answer: bad (-1), none (0) or good (1), with a comment."""

    score: int
    comment: str


def parse_feedback(body: bytes) -> Feedback:
    """Parse the body of `PUT /api/threads/{threadId}/messages/{id}/feedback`."""
    raw = parse_struct(body, FeedbackBody)
    check_characters(raw.comment, MAX_COMMENT, "comment")
    return Feedback(raw.score, raw.comment or "")


def parse_instructions(body: bytes) -> str:
    """Parse the body of `PUT /api/instructions`."""
    raw = parse_struct(body, InstructionsBody)
    bounded(raw.instructions, MAX_INSTRUCTIONS, "instructions")
    return raw.instructions


@dataclass(frozen=True, slots=True)
class NewTokenRequest:
    """A wanted token: its purpose, its scopes, and its end, None for never."""

    name: str
    scopes: tuple[str, ...]
    expires_at: datetime | None


def parse_token(body: bytes) -> NewTokenRequest:
    """Parse the body of `POST /api/tokens`."""
    raw = parse_struct(body, TokenBody)
    check_characters(raw.name, MAX_TOKEN_NAME, "name")
    if not raw.name.strip():
        raise BadRequest("`name` must say what the token is for.")
    return NewTokenRequest(raw.name.strip(), tuple(raw.scopes or get_args(Scope)), _future(raw.expiresAt))


@dataclass(frozen=True, slots=True)
class NewShare:
    """A wanted link: its end, None for never, and the one message that it shows, None for the thread's branch."""

    expires_at: datetime | None = None
    message_id: str | None = None


def parse_share(body: bytes) -> NewShare:
    """Parse the body of `POST /api/threads/{threadId}/shares`, which may be missing."""
    raw = parse_struct(body, ShareBody) if body.strip() else ShareBody()
    return NewShare(_future(raw.expiresAt), optional_id(raw.messageId, "messageId"))


def _future(moment: str | None) -> datetime | None:
    if moment is None:
        return None
    try:
        ends = datetime.fromisoformat(moment)
        # A time without an offset cannot be compared: TypeError.
        if ends > datetime.now(UTC):
            return ends.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        pass
    raise BadRequest(
        "`expiresAt` must be a time in the future, in ISO 8601 with its offset from UTC, or null."
    )


def parse_replacement(body: bytes) -> str:
    """Parse the body of `PUT /api/threads/{threadId}/messages/{id}`."""
    content = parse_struct(body, ReplacementBody).content
    bounded(content, settings.text_bytes + settings.content_bytes)
    return content


def parse_stop_offset(body: bytes) -> int | None:
    """Return the offset in the body of a stop; no body means no cut."""
    return offset_of(parse_struct(body, StopBody).offset) if body.strip() else None
