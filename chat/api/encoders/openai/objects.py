"""The objects of OpenAI's Responses API: responses, their output items, and lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chat.api.encoders.openai.errors import failure_message
from chat.models import Response, Status
from chat.schemas.options import options_of
from chat.streams import RequestEvent

Object = dict[str, Any]

# The label of the server's own tools, which the protocol calls those of an MCP server.
SERVER = "server"

_STATUSES = {
    Status.QUEUED: "queued",
    Status.STREAMING: "in_progress",
    # As in OpenAI's protocol, where a next request brings the answers.
    Status.WAITING: "completed",
    Status.DONE: "completed",
    Status.STOPPED: "cancelled",
    Status.FAILED: "failed",
    Status.INTERRUPTED: "failed",
}

# Why an answer that is done is not complete, by the provider's reason for its end.
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}

# What a client may have given, with the value of one that did not.
_SHOWN: Object = {
    "background": False,
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "previous_response_id": None,
    "store": True,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "top_p": None,
}


def seconds(moment: datetime | None) -> int:
    """Return a time as the protocol has it; 0 for none."""
    return int(moment.timestamp()) if moment else 0


def status_of(row: Response) -> str:
    incomplete = row.status == Status.DONE and row.finish_reason in _INCOMPLETE
    return "incomplete" if incomplete else _STATUSES[Status(row.status)]


def response_object(row: Response, output: Sequence[Object]) -> Object:
    status = status_of(row)
    failed = {"code": "server_error", "message": failure_message(row)} if status == "failed" else None
    reason = {"reason": _INCOMPLETE[row.finish_reason or ""]} if status == "incomplete" else None
    return {
        "id": row.public_id,
        "object": "response",
        "created_at": seconds(row.created_at),
        "status": status,
        "error": failed,
        "incomplete_details": reason,
        "model": row.model,
        "output": list(output),
        "conversation": {"id": row.thread.public_id},
        "parallel_tool_calls": True,
        "reasoning": None,
        "tool_choice": "auto",
        "tools": [function_tool(tool) for tool in options_of(row.options).tools],
        "truncation": "disabled",
        "usage": _usage(row),
        **_SHOWN,
        **options_of(row.options).shown,
    }


def function_tool(tool: Object) -> Object:
    """Return the protocol's form of a client's function."""
    function = tool["function"]
    fixed = {"type": "function", "name": function["name"], "parameters": function.get("parameters")}
    return {**fixed, "strict": function.get("strict"), "description": function.get("description")}


def _usage(row: Response) -> Object | None:
    if row.usage_source is None:
        return None
    given, made = row.prompt_tokens or 0, row.completion_tokens or 0
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": row.cached_tokens or 0},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": row.reasoning_tokens or 0},
        "total_tokens": given + made,
    }


def text_part(text: str) -> Object:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def message_item(name: str, status: str, content: Sequence[Object], role: str = "assistant") -> Object:
    return {"id": name, "type": "message", "status": status, "role": role, "content": list(content)}


def call_item(name: str, tool: str, status: str, approval: str | None = None) -> Object:
    """Return a call of a tool of the server, whose arguments and result stay hidden.

    `approval`: the request for its approval.
    """
    failed = "The tool failed." if status == "failed" else None
    result = {
        "output": "" if status == "completed" else None,
        "error": failed,
        "approval_request_id": approval,
    }
    call = {"id": name, "type": "mcp_call", "status": status, "name": tool, "server_label": SERVER}
    return {**call, "arguments": "{}", **result}


def approval_item(request: RequestEvent) -> Object:
    """Return a request for the approval of a call, which shows the call's arguments."""
    item = {"id": request.request_id, "type": "mcp_approval_request", "name": request.tool}
    return {**item, "server_label": SERVER, "arguments": request.arguments or "{}"}


def function_item(name: str, request: RequestEvent, status: str, arguments: str) -> Object:
    """Return a call of a function of the client."""
    item = {"id": name, "type": "function_call", "call_id": request.call_id, "name": request.tool}
    return {**item, "arguments": arguments, "status": status}


def page_object(items: Sequence[Object], *, has_more: bool) -> Object:
    """Return a page of a list."""
    first, last = (items[0]["id"], items[-1]["id"]) if items else (None, None)
    return {"object": "list", "data": list(items), "first_id": first, "last_id": last, "has_more": has_more}
