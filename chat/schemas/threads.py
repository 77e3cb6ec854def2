"""Requests that create, change, rate, share and cut threads and messages."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from chat.conf import settings
from chat.exceptions import BadRequest
from chat.schemas.validation import bounded, content_of, offset_of, optional_id, parse_object, text_of

# Characters; no list can show a longer title.
MAX_TITLE = 200
# Characters of a model's name; the column's.
MAX_MODEL = 64
# Characters of feedback: a paragraph, not an essay.
MAX_COMMENT = 2_000


@dataclass(frozen=True, slots=True)
class NewThread:
    thread_id: str | None
    title: str | None
    message: str | None
    model: str | None
    system_prompt: str | None


def parse_new_thread(body: bytes) -> NewThread:
    """Parse the body of `POST /api/threads`."""
    value = parse_object(body)
    return NewThread(
        thread_id=optional_id(value.get("threadId"), "threadId"),
        title=text_of(value, "title", MAX_TITLE),
        message=content_of(value, "message", settings.content_bytes),
        model=text_of(value, "model", MAX_MODEL),
        system_prompt=content_of(value, "systemPrompt", settings.content_bytes),
    )


@dataclass(frozen=True, slots=True)
class ThreadChange:
    title: str | None
    archived: bool | None
    system_prompt: str | None
    leaf: str | None


def parse_thread_change(body: bytes) -> ThreadChange:
    """Parse the body of `PATCH /api/threads/{threadId}`."""
    value = parse_object(body)
    archived = value.get("archived")
    if archived is not None and not isinstance(archived, bool):
        raise BadRequest("`archived` must be true or false.")
    return ThreadChange(
        title=text_of(value, "title", MAX_TITLE),
        archived=archived,
        system_prompt=content_of(value, "systemPrompt", settings.content_bytes),
        leaf=optional_id(value.get("leaf"), "leaf"),
    )


@dataclass(frozen=True, slots=True)
class Feedback:
    """The owner's rating of an answer: bad (-1), none (0) or good (1), with a comment."""

    score: int
    comment: str


def parse_feedback(body: bytes) -> Feedback:
    """Parse the body of `PUT /api/threads/{threadId}/messages/{id}/feedback`."""
    value = parse_object(body)
    score = value.get("score")
    if isinstance(score, bool) or score not in (-1, 0, 1):
        raise BadRequest("`score` must be -1, 0 or 1.")
    return Feedback(int(score), text_of(value, "comment", MAX_COMMENT) or "")


def parse_share_end(body: bytes) -> datetime | None:
    """Parse the body of `POST /api/threads/{threadId}/shares`: the end of the link; no body, or null: never."""
    moment = parse_object(body).get("expiresAt") if body.strip() else None
    if moment is None:
        return None
    try:
        ends = datetime.fromisoformat(moment) if isinstance(moment, str) else None
        # A time without an offset cannot be compared: TypeError.
        if ends is not None and ends > datetime.now(UTC):
            return ends.astimezone(UTC)
    except (ValueError, TypeError, OverflowError):
        pass
    raise BadRequest(
        "`expiresAt` must be a time in the future, in ISO 8601 with its offset from UTC, or null."
    )


def parse_replacement(body: bytes) -> str:
    """Parse the body of `PUT /api/threads/{threadId}/messages/{id}`."""
    content = parse_object(body).get("content")
    if not isinstance(content, str):
        raise BadRequest("`content` must be text.")
    bounded(content, settings.text_bytes + settings.content_bytes)
    return content


def parse_stop_offset(body: bytes) -> int | None:
    """Return the offset in the body of a stop; no body means no cut."""
    return offset_of(parse_object(body).get("offset")) if body.strip() else None
