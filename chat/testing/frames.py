"""The JSON shapes of OpenAI's answers: chunks of a stream, whole answers, errors. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class CompletionFrame:
    """The fields around each choice; `chat` is false for `/completions`, whose choices carry text alone."""

    chat: bool = True
    model: str = "scripted"
    id: str = "1"
    created: int = 1

    def chunk(self, delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        """Return one chunk of a stream."""
        content = {"delta": delta} if self.chat else {"text": delta.get("content") or ""}
        return self._framed(".chunk", [{"index": 0, **content, "logprobs": None, "finish_reason": finish}])

    def usage(self, counts: dict[str, int]) -> dict[str, Any]:
        """Return the chunk without choices that carries the token counts."""
        return {**self._framed(".chunk", []), "usage": counts}

    def whole(self, message: dict[str, Any], finish: str | None) -> dict[str, Any]:
        """Return the answer to a request that does not stream."""
        content = {"message": message} if self.chat else {"text": message["content"] or ""}
        return self._framed("", [{"index": 0, **content, "logprobs": None, "finish_reason": finish}])

    def _framed(self, suffix: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        kind, prefix = (f"chat.completion{suffix}", "chatcmpl") if self.chat else ("text_completion", "cmpl")
        head = {"id": f"{prefix}-{self.id}", "object": kind, "created": self.created, "model": self.model}
        return {**head, "choices": choices}


def message_of(deltas: list[dict[str, Any]]) -> dict[str, Any]:
    """Join the deltas of a well-formed stream into one message: each field's pieces, all text or all lists."""
    fields: dict[str, Any] = {}
    for delta in deltas:
        for name in delta.keys() - {"role", "tool_calls"}:
            fields[name] = fields[name] + delta[name] if fields.get(name) else delta[name]
    calls: dict[int, dict[str, Any]] = {}
    for piece in (piece for delta in deltas for piece in delta.get("tool_calls", ())):
        call = calls.setdefault(piece.get("index", 0), {"type": "function", "function": {"arguments": ""}})
        arguments = call["function"]["arguments"] + piece["function"].get("arguments", "")
        function = {**call["function"], **piece["function"], "arguments": arguments}
        call.update({**piece, "function": function})
        call.pop("index", None)
    message = {"role": "assistant", **fields, "content": fields.get("content") or None}
    return {**message, "tool_calls": list(calls.values())} if calls else message


def token_counts(prompt: int, completion: int) -> dict[str, int]:
    """Return OpenAI's `usage` object."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def error(message: str, status: int = 500) -> dict[str, Any]:
    """Return an error as OpenAI's servers write it."""
    kind = "server_error" if status >= 500 else "invalid_request_error"
    return {"error": {"message": message, "type": kind, "param": None, "code": str(status)}}
