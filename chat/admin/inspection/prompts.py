"""The page of a request to a model, rebuilt from stored parts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.translation import gettext

from chat.admin.access import audit
from chat.admin.inspection.call_attempts import attempt_name
from chat.models import AuditAction, Response, UpstreamCall
from chat.reporting.request_rebuild import RebuiltRequest, rebuild_request
from chat.text import plain_text, plain_text_of_parts

# Characters of each text on the page: more than a prompt may have. Pictures are complete only in the file.
CHARACTERS = 100_000


@dataclass(frozen=True, slots=True)
class RequestMessage:
    """One message of a request. `text` is its plain text, `raw` the message as JSON, `calls` its tool calls.

    Texts are cut at CHARACTERS; the file is complete.
    """

    role: str
    text: str
    raw: str
    calls: list[dict[str, Any]]
    answers: str


def prompt(request: HttpRequest, key: int, call: int) -> HttpResponse:
    """Show the whole request of a call, hidden content included. Needs both read permissions; the view is recorded."""
    if not (request.user.has_perm("chat.view_response") and audit.can_read_hidden(request)):
        raise PermissionDenied
    row = get_object_or_404(Response.objects.select_related("thread", "owner"), pk=key)
    upstream_call = get_object_or_404(UpstreamCall, pk=call, response=row.pk)
    context = {
        **admin.site.each_context(request),
        "title": gettext("Request to the model"),
        "call": upstream_call,
    }
    context |= {"name": attempt_name(upstream_call)}
    context |= {"original": row, "opts": Response._meta}
    if audit.record_view(request, thread=row.thread, action=AuditAction.HIDDEN, obj=row):
        rebuilt = rebuild_request(upstream_call)
        if rebuilt is not None and "json" in request.GET:
            return _download(rebuilt, upstream_call)
        context |= _rebuilt_context(rebuilt)
    else:
        context |= {"reason_required": True, "reason_thread": row.thread.pk}
    return TemplateResponse(request, "admin/chat/inspection/prompt.html", context)


def _download(rebuilt: RebuiltRequest, call: UpstreamCall) -> HttpResponse:
    """Return the body as a file, byte for byte as rebuilt."""
    response = HttpResponse(rebuilt.body, content_type="application/json")
    name = f"request-{call.response}-{call.round}-{call.attempt}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _rebuilt_context(rebuilt: RebuiltRequest | None) -> dict[str, Any]:
    if rebuilt is None:
        return {"unknown": True}
    return {
        "rebuilt": rebuilt,
        "parts": [_request_message(message) for message in rebuilt.messages],
        "tools": [(tool.get("function", {}).get("name", ""), _pretty(tool)) for tool in rebuilt.tools],
        "envelope": _pretty(rebuilt.envelope),
        "prompt_text": msgspec.json.decode(rebuilt.body).get("prompt"),
        "size": len(rebuilt.body),
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
