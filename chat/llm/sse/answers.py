"""The JSON of completions and chat completions, streamed or whole: the fields in use, and tolerated oddities."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from chat.llm.sse.updates import BadStream, CallDelta

# Python converts no more than 4,300 digits, and the time grows with their square.
MAX_INTEGER_DIGITS = 1_000


# Finish reasons of answers that failed: OpenRouter's, DeepSeek's and Zhipu's documentation.
ERROR_REASONS = {"error", "insufficient_system_resource", "network_error"}

# Fields of errors in objects without choices, as web frameworks and gateways write them.
_ERROR_CODES = ("code", "error_code", "status_code", "statusCode")
_SUCCESS_CODES = {"0", "200", "ok", "success"}
_ERROR_MESSAGES = ("message", "msg", "error_msg", "error_message")


# Only the fields in use are decoded: the time goes into decoding.
class ChunkFunction(msgspec.Struct, gc=False):
    name: str | None = None
    arguments: str | None = None


class ChunkCall(msgspec.Struct, gc=False):
    index: int | None = None
    id: str | None = None
    function: ChunkFunction | None = None

    def delta(self) -> CallDelta:
        function = self.function or ChunkFunction()
        return CallDelta(self.index, self.id, function.name or "", function.arguments or "")


class CompletionDelta(msgspec.Struct):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[ChunkCall] | None = None


class CompletionChoice(msgspec.Struct):
    delta: CompletionDelta | None = None
    text: str | None = None
    finish_reason: str | None = None
    error: Any = None
    usage: Any = None


class CompletionChunk(msgspec.Struct):
    choices: list[CompletionChoice] | None = None
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
    try:
        return msgspec.convert(_repaired(value), CompletionChunk)
    except (ValueError, RecursionError):
        raise BadStream from None


def _repaired(value: dict[str, Any]) -> dict[str, Any]:
    """Return a chunk with the types of OpenAI: servers send content in parts, arguments as objects, a whole message."""
    choices = value.get("choices")
    if not (isinstance(choices, list) and choices and isinstance(choices[0], dict)):
        return value
    choice = choices[0]
    delta = choice.get("delta") or choice.get("message")
    return {
        **value,
        "choices": [{**choice, "delta": _repaired_delta(delta) if isinstance(delta, dict) else delta}],
    }


def _repaired_delta(delta: dict[str, Any]) -> dict[str, Any]:
    content, calls = delta.get("content"), delta.get("tool_calls")
    if isinstance(content, list):
        delta = {**delta, "content": _joined(content)}
    return {**delta, "tool_calls": [*map(_repaired_call, calls)]} if isinstance(calls, list) else delta


def _joined(parts: list[Any]) -> str:
    texts = [part.get("text") if isinstance(part, dict) else part for part in parts]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise BadStream
    return "".join(filter(None, texts))


def _repaired_call(call: Any) -> Any:
    """Return a call whose arguments are JSON text, its index a number and its id text."""
    if not isinstance(call, dict):
        return call
    function, index, id_ = call.get("function"), call.get("index"), call.get("id")
    if isinstance(function, dict) and isinstance(function.get("arguments"), dict | list):
        call = {
            **call,
            "function": {**function, "arguments": json.dumps(function["arguments"], ensure_ascii=False)},
        }
    if isinstance(index, str) and index.isdecimal():
        call = {**call, "index": int(index)}
    return {**call, "id": str(id_)} if isinstance(id_, int) else call
