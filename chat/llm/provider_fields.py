"""A provider's own fields of a message with tool calls, as JSON text: encoded for storage, and restored for a request.

    {"model": "<configured name>\\n<name upstream>", "message": {…}, "calls": {"<call id>": {…, "function": {…}}}}

They go back verbatim to the model that sent them, and to no other. The project's own fields always win.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from chat.llm.sse.fields import OWN_FIELDS

if TYPE_CHECKING:
    from chat.llm.clients.base import ModelProfile
    from chat.llm.sse.accumulator import ToolCall


def model_key(profile: ModelProfile) -> str:
    """Return the text that identifies the model to which fields belong."""
    return f"{profile.name}\n{profile.upstream}"


def encode(model: str, message_fields: dict[str, Any], calls: Iterable[ToolCall]) -> str | None:
    """Return the fields of a message and its calls as JSON; None without any. `model`: its `model_key`."""
    of_calls = {call.id: call.fields for call in calls if call.fields}
    if not message_fields and not of_calls:
        return None
    return msgspec.json.encode({"model": model, "message": message_fields, "calls": of_calls}).decode()


def restore(message: dict[str, Any], stored: str, model: str) -> dict[str, Any]:
    """Return the message with its provider's fields; unchanged for another model, and for text that is no such JSON."""
    try:
        kept = msgspec.json.decode(stored)
        own = _decoded(message.get("tool_calls"))
    except (ValueError, RecursionError):
        return message
    if not isinstance(kept, dict) or kept.get("model") != model:
        return message
    restored = {**_foreign(kept.get("message")), **message}
    calls = kept.get("calls")
    if calls and isinstance(calls, dict) and isinstance(own, list):
        whole = [_with_fields(call, calls) for call in own]
        encoded = isinstance(message["tool_calls"], msgspec.Raw)
        restored["tool_calls"] = msgspec.Raw(msgspec.json.encode(whole)) if encoded else whole
    return restored


def _with_fields(call: Any, calls: dict[str, Any]) -> Any:
    fields = calls.get(call["id"]) if isinstance(call, dict) and isinstance(call.get("id"), str) else None
    if not isinstance(fields, dict):
        return call
    function = call.get("function")
    if isinstance(function, dict):
        function = {**_foreign(fields.get("function")), **function}
    return {**_foreign(fields), **call, "function": function}


def _foreign(fields: Any) -> dict[str, Any]:
    """Return the fields that are not the project's own."""
    own = isinstance(fields, dict)
    return {name: value for name, value in fields.items() if name not in OWN_FIELDS} if own else {}


def _decoded(value: Any) -> Any:
    return msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
