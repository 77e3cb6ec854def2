"""The JSON of completions and chat completions, streamed or whole: the fields in use, and tolerated oddities."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from chat.llm.sse.fields import OWN_FIELDS
from chat.llm.sse.updates import BadStream, CallDelta

# Python converts no more than 4,300 digits, and the time grows with their square.
MAX_INTEGER_DIGITS = 1_000


# Finish reasons of answers that failed: OpenRouter's, DeepSeek's and Zhipu's documentation.
ERROR_REASONS = {"error", "insufficient_system_resource", "network_error"}

# Fields of errors in objects without choices, as web frameworks and gateways write them.
_ERROR_CODES = ("code", "error_code", "status_code", "statusCode")
_SUCCESS_CODES = {"0", "200", "ok", "success"}
_ERROR_MESSAGES = ("message", "msg", "error_msg", "error_message")


# Only the fields in use are decoded: the time goes into decoding. The delta's are not known in advance. None of these objects
# is part of a cycle, so the garbage collector need not look at them.
class CompletionChunk(msgspec.Struct, gc=False):
    """A chunk of a stream, or one of its `choices`: errors and usage stand in either."""

    choices: list[CompletionChunk] | None = None
    delta: dict[str, Any] | None = None
    text: str | None = None
    finish_reason: str | None = None
    usage: Any = None
    error: Any = None
    object: Any = None
    x_groq: Any = None

    @property
    def is_error(self) -> bool:
        return bool(self.error) or self.object == "error"

    @property
    def groq_usage(self) -> Any:
        return self.x_groq.get("usage") if isinstance(self.x_groq, dict) else None


def reported_error(payload: bytes) -> dict[str, Any] | None:
    """Return the object where it reports an error without OpenAI's `error` key; None for any other object."""
    value = _parse(payload)
    codes = [value.get(name) for name in _ERROR_CODES]
    coded = any(code and str(code).lower() not in _SUCCESS_CODES for code in codes)
    coded = coded and any(value.get(name) for name in _ERROR_MESSAGES)
    named = "error" in (value.get("type"), value.get("status"))
    return value if coded or named or value.get("detail") or value.get("errors") else None


# Raises ValueError or RecursionError for a chunk that `decode_odd` may still read.
decode = msgspec.json.Decoder(CompletionChunk).decode


def decode_odd(payload: bytes) -> CompletionChunk:
    """Return a chunk that `decode` refuses. Raise BadStream if the standard library refuses it too."""
    return _convert(_parse(payload))


def decode_whole(body: bytes) -> CompletionChunk:
    """Return the answer or the error of a server that does not stream. Raise BadStream without either."""
    chunk = decode_odd(body)
    if not chunk.choices and not chunk.is_error:
        raise BadStream
    return chunk


def _parse(data: bytes) -> dict[str, Any]:
    """Return the JSON object, with bad UTF-8 replaced. Raise BadStream for any other value."""
    try:
        value = json.loads(data.decode("utf-8", "replace").lstrip("\ufeff"), parse_int=_integer)
    except (ValueError, RecursionError):
        raise BadStream from None
    if not isinstance(value, dict):
        raise BadStream
    return value


def _integer(digits: str) -> int:
    return int(digits) if len(digits) < MAX_INTEGER_DIGITS else 0


def _convert(value: dict[str, Any]) -> CompletionChunk:
    """Return a chunk of the first choice alone, whose delta may be a whole message."""
    choices = value.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        choice = choices[0]
        value = {**value, "choices": [{**choice, "delta": choice.get("delta") or choice.get("message")}]}
    try:
        return msgspec.convert(value, CompletionChunk)
    except (ValueError, RecursionError):
        raise BadStream from None


def call_delta(call: Any) -> CallDelta:
    """Return a piece of a call. Its arguments may be JSON, its index text and its id a number. Raise BadStream."""
    function = (call.get("function") or {}) if isinstance(call, dict) else None
    if not isinstance(function, dict):
        raise BadStream
    index, id_, arguments = call.get("index"), call.get("id"), function.get("arguments")
    try:
        if isinstance(arguments, dict | list):
            arguments = json.dumps(arguments, ensure_ascii=False)
        named = {
            "index": int(index) if isinstance(index, str) and index.isdecimal() else index,
            "id": str(id_) if isinstance(id_, int) else id_,
            "name": function.get("name") or "",
            "arguments": arguments or "",
        }
        return msgspec.convert({**named, "fields": _call_fields(call, function)}, CallDelta)
    except (ValueError, RecursionError):
        raise BadStream from None


def _call_fields(call: dict[str, Any], function: dict[str, Any]) -> dict[str, Any]:
    """Return the provider's own fields of a call; those of its function under `function`."""
    fields, inner = foreign_fields(call), foreign_fields(function)
    return {**fields, "function": inner} if inner else fields


def foreign_fields(values: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that are not the project's own; null and empty ones say nothing."""
    return {name: value for name, value in values.items() if value and name not in OWN_FIELDS}
