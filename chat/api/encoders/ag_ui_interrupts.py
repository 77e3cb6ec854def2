"""Requests to a person as AG-UI's interrupts: a client answers them by `resume` in its next run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from chat.models import RequestKind
from chat.streams import RequestEvent

Interrupt = dict[str, Any]

# The protocol's own reasons.
_REASONS = {RequestKind.APPROVE: "tool_call", RequestKind.ASK: "input_required"}


def interrupts_of(requests: Iterable[RequestEvent]) -> list[Interrupt]:
    """Return the interrupts of those requests that the client's user can answer, except calls of the client's tools."""
    return [_interrupt(one) for one in requests if one.kind != RequestKind.CLIENT and not one.by_staff]


def _interrupt(request: RequestEvent) -> Interrupt:
    message = request.message or f"Allow the call of {request.tool}?"
    return {
        "id": request.request_id,
        "reason": _REASONS[RequestKind(request.kind)],
        "message": message,
        "toolCallId": request.call_id,
        "responseSchema": _schema(request),
        "expiresAt": request.deadline,
        "metadata": {"toolName": request.tool, **_approval(request)},
    }


def _schema(request: RequestEvent) -> Any:
    """Return the schema of the payload of an answer; `editedArgs` tells that the arguments may be changed."""
    if request.kind == RequestKind.ASK:
        return msgspec.Raw((request.schema or "{}").encode())
    fields = {"approved": {"type": "boolean"}}
    editable = {"editedArgs": {"type": "object"}} if request.editable else {}
    return {"type": "object", "properties": {**fields, **editable}, "required": ["approved"]}


def _approval(request: RequestEvent) -> Interrupt:
    """Return the call that waits for approval, as TanStack AI's clients know it."""
    if request.arguments is None:
        return {}
    return {"kind": "approval", "input": msgspec.Raw(request.arguments.encode())}
