"""The JSON of completions and chat completions, streamed or whole: the fields in use, and tolerated oddities."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from chat.llm.sse.updates import BadStream, CallDelta, TokenCounts

# The largest value of the database's integer column.
MAX_USAGE_TOKENS = 2**31 - 1


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


class ChunkUsage(msgspec.Struct, gc=False):
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def bounded(self) -> TokenCounts:
        prompt, completion = self.prompt_tokens, self.completion_tokens
        return TokenCounts(*(max(0, min(count, MAX_USAGE_TOKENS)) for count in (prompt, completion)))


class CompletionChunk(msgspec.Struct):
    choices: list[CompletionChoice] | None = None
    usage: ChunkUsage | None = None
    error: Any = None
    object: Any = None

    @property
    def is_error(self) -> bool:
        return bool(self.error) or self.object == "error"


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
    return int(digits) if len(digits) < 20 else MAX_USAGE_TOKENS


def _convert(value: dict[str, Any]) -> CompletionChunk:
    try:
        return msgspec.convert(_repaired(value), CompletionChunk)
    except (ValueError, RecursionError):
        raise BadStream from None


def _repaired(value: dict[str, Any]) -> dict[str, Any]:
    """Return a chunk with the types of OpenAI: servers send counts that are no numbers, content in parts, a message."""
    usage, choices = value.get("usage"), value.get("choices")
    counts = usage.items() if isinstance(usage, dict) else ()
    repaired = {**value, "usage": {key: count for key, count in counts if type(count) is int} or None}
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        choice = choices[0]
        delta = choice.get("delta") or choice.get("message")
        repaired["choices"] = [
            {**choice, "delta": _repaired_delta(delta) if isinstance(delta, dict) else delta}
        ]
    return repaired


def _repaired_delta(delta: dict[str, Any]) -> dict[str, Any]:
    content = delta.get("content")
    if not isinstance(content, list):
        return delta
    texts = [part.get("text") if isinstance(part, dict) else part for part in content]
    if not all(text is None or isinstance(text, str) for text in texts):
        raise BadStream
    return {**delta, "content": "".join(filter(None, texts))}
