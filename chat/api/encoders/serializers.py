"""JSON shapes of threads, messages and responses, the same on every transport."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, cast

import msgspec

from chat.api.encoders.account_shapes import ConnectionState, ServerPromptState
from chat.api.encoders.event_shapes import ToolData, ToolProgress
from chat.api.encoders.shapes import (
    AnswerState,
    ArtifactDetail,
    ArtifactState,
    AttachmentState,
    AttachmentText,
    EndData,
    EndedRequest,
    MessageState,
    Rating,
    RequestState,
    ResponseError,
    ResponseState,
    SearchExcerpt,
    ShareState,
    Thinking,
    ThreadState,
    TokenUsage,
    ToolCallState,
)
from chat.files.extract.bounds import Code
from chat.models import (
    Artifact,
    Attachment,
    FilePassage,
    PersonRequest,
    Response,
    ServerConnection,
    Share,
    Status,
    Thread,
    ToolState,
)
from chat.schemas import Feedback
from chat.streams import AnswerEvent, ProgressEvent, RequestEvent, request_event
from chat.text import artifact_content, wrap_card
from chat.threads.artifacts import ArtifactView
from chat.threads.attachments import PASSAGES
from chat.threads.messages import MessageView
from chat.threads.search.excerpts import Excerpt
from chat.tools.mcp.server_prompts import ServerPrompt

FAILED_TITLE = "No answer"


def response(
    row: Response, offset: int, thinking_offset: int, requests: Sequence[PersonRequest]
) -> ResponseState:
    """Return the shape of a response; the offsets are where a reader would arrive now, `requests` what it waits for."""
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
        "usage": cast("TokenUsage | None", row.usage),
        "error": cast("ResponseError | None", row.error),
        "requests": [request(request_event(one)) for one in requests],
        "createdAt": row.created_at,
        "firstTokenAt": row.first_token_at,
        "finishedAt": row.finished_at,
    }


def end(row: Response | None, offset: int) -> EndData:
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
        "usage": cast("TokenUsage | None", row.usage),
        "error": cast("ResponseError | None", row.error),
        "keptOffset": row.kept_offset,
    }


def request(event: RequestEvent) -> RequestState:
    """Return the shape of a request to a person; keys without a value are left out."""
    shape: RequestState = {
        "requestId": event.request_id,
        "kind": event.kind,
        "tool": event.tool,
        "callId": event.call_id,
        "deadline": event.deadline,
    }
    if event.arguments is not None:
        shape |= {"arguments": msgspec.json.decode(event.arguments), "editable": event.editable}
    if event.schema is not None:
        shape |= {"schema": msgspec.json.decode(event.schema)}
    if event.by_staff:
        shape |= {"by": "staff"}
    return {**shape, "message": event.message} if event.message else shape


def progress(event: ProgressEvent) -> ToolData:
    """Return the shape of a running tool call's progress; keys without a value are left out."""
    known: ToolProgress = {}
    if event.fraction is not None:
        known["fraction"] = event.fraction
    if event.message:
        known["message"] = event.message
    return {"callId": event.call_id, "name": event.name, "state": ToolState.STARTED, "progress": known}


def answer(event: AnswerEvent) -> AnswerState:
    return {"requestId": event.request_id, "outcome": event.outcome}


def thread(row: Thread, excerpt: Excerpt | None = None) -> ThreadState:
    shape: ThreadState = {
        "threadId": row.public_id,
        "title": row.title,
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
        "archived": row.archived,
        "pinned": row.pinned,
        "temporary": row.expires_at is not None,
        "model": row.model,
        "activeResponseId": getattr(row, "active_response_id", None),
        "waiting": getattr(row, "waits_for_owner", False),
    }
    return shape if excerpt is None else {**shape, "excerpt": _excerpt(excerpt)}


def _excerpt(excerpt: Excerpt) -> SearchExcerpt:
    """Return the shape of an excerpt; `thinking` marks one of a model's thought, others do not have it.

    `messageId` is the message that matched best; a match of the title alone has none.
    """
    shape: SearchExcerpt = {"text": excerpt.text, "ranges": excerpt.ranges}
    if excerpt.message is not None:
        shape["messageId"] = excerpt.message
    return {**shape, "thinking": True} if excerpt.thinking else shape


def message(shown: MessageView) -> MessageState:
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
        "thinking": cast("Thinking | None", shown.thinking),
        "tools": cast("list[ToolCallState]", shown.tools),
        "requests": cast("list[EndedRequest]", shown.requests),
        "attachments": [attachment(one) for one in shown.attachments],
        "artifacts": [artifact(one) for one in shown.artifacts],
    }


def share(row: Share) -> ShareState:
    """Return the shape of a link; `url` is a path on this site."""
    return {
        "shareId": row.public_id,
        "url": f"/s/{row.public_id}",
        "createdAt": row.created_at,
        "expiresAt": row.expires_at,
        "messageId": row.leaf.public_id if row.alone else None,
    }


def connection(server: str, row: ServerConnection | None) -> ConnectionState:
    """Return the shape of a user's connection to an MCP server; without a row there was none yet."""
    if row is None:
        return {"server": server, "state": "none", "connectedAt": None, "usedAt": None}
    return {
        "server": server,
        "state": row.state,
        "connectedAt": row.connected_at,
        "usedAt": row.used_at,
    }


def server_prompt(found: ServerPrompt) -> ServerPromptState:
    """Return the shape of a prompt of an MCP server."""
    return {
        "server": found.server,
        "name": found.name,
        "title": found.title,
        "description": found.description,
        "arguments": [
            {"name": one.name, "description": one.description, "required": one.required}
            for one in found.arguments
        ],
    }


def attachment(row: Attachment) -> AttachmentState:
    """Return the shape of a picture or file."""
    return {
        "attachmentId": row.public_id,
        "url": f"/api/attachments/{row.public_id}",
        "contentType": row.content_type,
        "size": row.size,
        "name": row.name,
        "pages": row.pages,
        "state": cast("Literal['ready', 'reading', 'failed']", row.state),
        "detail": row.detail or None,
        "code": cast("Code | None", row.detail_code or None),
        "createdAt": row.created_at,
    }


def attachment_text(row: Attachment, passages: Sequence[FilePassage]) -> AttachmentText:
    """Return the shape of a file with its passages, of which the one beyond a page tells that there is another page."""
    shown = passages[:PASSAGES]
    return {
        **attachment(row),
        "passages": [{"label": one.label, "text": one.text} for one in shown],
        "nextCursor": shown[-1].position if len(passages) > PASSAGES else None,
    }


def artifact(row: Artifact) -> ArtifactState:
    """Return the shape of a version of an artifact, whose row was loaded with its message."""
    return {
        "artifactId": row.public_id,
        "kind": row.kind,
        "title": row.title,
        "version": row.version,
        "messageId": row.message.public_id,
        "createdAt": row.created_at,
    }


def artifact_detail(shown: ArtifactView) -> ArtifactDetail:
    return {
        **artifact(shown.row),
        "content": artifact_content(shown.content),
        "versions": [artifact(row) for row in shown.versions],
    }


def feedback(rating: Feedback) -> Rating:
    return {"score": cast("Literal[-1, 0, 1]", rating.score), "comment": rating.comment}
