"""JSON shapes of threads, messages and responses, the same on every transport."""

from __future__ import annotations

from typing import Any

from chat.models import Attachment, Response, Share, Status, Thread
from chat.schemas import Feedback
from chat.text import wrap_card
from chat.threads.messages import MessageView
from chat.threads.search.excerpts import Excerpt

FAILED_TITLE = "No answer"


def response(row: Response, offset: int, thinking_offset: int) -> dict[str, Any]:
    """Return the shape of a response; the offsets are where a reader would arrive now."""
    return {
        "id": row.public_id,
        "threadId": row.thread.public_id,
        "status": row.status,
        "model": row.model,
        "offset": offset,
        "keptOffset": row.kept_offset,
        "thinkingOffset": thinking_offset,
        "thinkingSeconds": None if row.thinking_ms is None else row.thinking_ms / 1000,
        "finishReason": row.finish_reason,
        "usage": row.usage,
        "error": row.error,
        "createdAt": row.created_at,
        "firstTokenAt": row.first_token_at,
        "finishedAt": row.finished_at,
    }


def end(row: Response | None, offset: int) -> dict[str, Any]:
    """Return the shape of a response's end; a response deleted meanwhile counts as stopped."""
    if row is None:
        return {
            "status": Status.STOPPED,
            "finishReason": None,
            "usage": None,
            "error": None,
            "keptOffset": offset,
        }
    return {
        "status": row.status,
        "finishReason": row.finish_reason,
        "usage": row.usage,
        "error": row.error,
        "keptOffset": row.kept_offset,
    }


def thread(row: Thread, excerpt: Excerpt | None = None) -> dict[str, Any]:
    shape = {
        "threadId": row.public_id,
        "title": row.title,
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
        "archived": row.archived,
        "model": row.model,
        "activeResponseId": getattr(row, "active_response_id", None),
    }
    return shape if excerpt is None else {**shape, "excerpt": _excerpt(excerpt)}


def _excerpt(excerpt: Excerpt) -> dict[str, Any]:
    """Return the shape of an excerpt; `thinking` marks one of a model's thought, others do not have it."""
    shape = {"text": excerpt.text, "ranges": excerpt.ranges}
    return {**shape, "thinking": True} if excerpt.thinking else shape


def message(shown: MessageView) -> dict[str, Any]:
    """Return the shape of a message; a failed reply without text shows the error card."""
    content = shown.content if shown.error is None else wrap_card(FAILED_TITLE, shown.error)
    return {
        "id": shown.id,
        "role": shown.role,
        "content": content,
        "createdAt": shown.created_at,
        "status": shown.status,
        "offset": shown.offset,
        "versions": shown.versions,
        "feedback": feedback(shown.feedback) if shown.feedback else None,
        "thinking": shown.thinking,
        "tools": shown.tools,
    }


def share(row: Share) -> dict[str, Any]:
    """Return the shape of a link; `url` is a path on this site."""
    return {
        "shareId": row.public_id,
        "url": f"/s/{row.public_id}",
        "createdAt": row.created_at,
        "expiresAt": row.expires_at,
    }


def attachment(row: Attachment) -> dict[str, Any]:
    """Return the shape of a picture; `url` is a path on this site, by which prompts refer to it."""
    return {
        "attachmentId": row.public_id,
        "url": f"/api/attachments/{row.public_id}",
        "contentType": row.content_type,
        "size": row.size,
    }


def feedback(rating: Feedback) -> dict[str, Any]:
    return {"score": rating.score, "comment": rating.comment}
