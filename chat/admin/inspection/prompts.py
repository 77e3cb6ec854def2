"""A page with what one call of a model was sent, put together again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse

from chat.admin import audit
from chat.admin.inspection.call_attempts import attempt_name
from chat.models import AuditAction, Response, UpstreamCall
from chat.reporting.request_rebuild import RebuiltRequest, rebuild_request
from chat.text import plain_text, plain_text_of_parts

CHARACTERS = (
    100_000  # of each text on the page: more than a prompt may have; a picture's are in the file alone
)


@dataclass(frozen=True, slots=True)
class RequestMessage:
    """One message of a request. `text` is what a person reads, `raw` the message as JSON, `calls` those of tools.

    Texts are cut at CHARACTERS; the file has all of them.
    """

    role: str
    text: str
    raw: str
    calls: list[dict[str, Any]]
    answers: str


def prompt(request: HttpRequest, key: int, call: int) -> HttpResponse:
    """Everything that the call of a response was sent, hidden parts too: for those who may read them, and on record."""
    if not (request.user.has_perm("chat.view_response") and audit.can_read_hidden(request)):
        raise PermissionDenied
    row = get_object_or_404(Response.objects.select_related("thread", "owner"), pk=key)
    asked = get_object_or_404(UpstreamCall, pk=call, response=row.pk)
    context = {**admin.site.each_context(request), "title": "What the model was sent", "call": asked}
    context |= {"name": attempt_name(asked)}
    context |= {"original": row, "opts": Response._meta}
    if audit.record_view(request, thread=row.thread, action=AuditAction.HIDDEN, obj=row):
        found = rebuild_request(asked)
        if found is not None and "json" in request.GET:
            return _download(found, asked)
        context |= _shown(found)
    else:
        context |= {"reason_wanted": True, "reason_thread": row.thread.pk}
    return TemplateResponse(request, "admin/chat/prompt.html", context)


def _download(found: RebuiltRequest, call: UpstreamCall) -> HttpResponse:
    """The body, byte for byte as it was put together."""
    answer = HttpResponse(found.body, content_type="application/json")
    name = f"request-{call.response}-{call.round}-{call.attempt}.json"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _shown(found: RebuiltRequest | None) -> dict[str, Any]:
    if found is None:
        return {"unknown": True}
    return {
        "rebuilt": found,
        "parts": [_request_message(message) for message in found.messages],
        "tools": [(tool.get("function", {}).get("name", ""), _pretty(tool)) for tool in found.tools],
        "envelope": _pretty(found.envelope),
        "prompt_text": msgspec.json.decode(found.body).get("prompt"),
        "size": len(found.body),
    }


def _request_message(message: dict[str, Any]) -> RequestMessage:
    whole = msgspec.json.decode(msgspec.json.encode(message))
    content = whole.get("content") or ""
    return RequestMessage(
        role=whole["role"],
        text=(plain_text(content) if isinstance(content, str) else plain_text_of_parts(content))[:CHARACTERS],
        raw=_pretty(whole)[:CHARACTERS],
        calls=whole.get("tool_calls") or [],
        answers=whole.get("tool_call_id") or "",
    )


def _pretty(value: Any) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
