"""The JSON shapes of OpenAI's answers: chunks of a stream, whole answers, errors. Pure."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

CHARACTERS_PER_TOKEN = 4
"""The rule of thumb by which the usage is estimated."""


def usage(prompt_characters: int, answer_characters: int) -> dict[str, int]:
    """Estimated token counts, at least one each."""
    prompt, answer = (
        max(1, count // CHARACTERS_PER_TOKEN) for count in (prompt_characters, answer_characters)
    )
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def error(message: str, kind: str = "invalid_request_error", code: str | None = None) -> dict[str, Any]:
    """An error as OpenAI's servers write it."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def event(data: object) -> bytes:
    """One server-sent event with JSON data, in UTF-8; a lone surrogate cannot be sent and becomes "?"."""
    return b"data: " + json.dumps(data, ensure_ascii=False).encode("utf-8", "replace") + b"\n\n"


DONE = b"data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Completion:
    """The frame of one answer: its dialect (chat or plain completions), model name, id and time."""

    chat: bool
    model: str
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    created: int = field(default_factory=lambda: int(time.time()))

    def _frame(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        name = {"chat": ("chatcmpl-", f"chat.completion{kind}"), "text": ("cmpl-", "text_completion")}
        prefix, object_name = name["chat" if self.chat else "text"]
        return {
            "id": prefix + self.id,
            "object": object_name,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }

    def chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        """A chunk of the stream; the plain dialect knows text alone."""
        content = {"delta": delta} if self.chat else {"text": delta.get("content", "")}
        return self._frame(
            ".chunk", [{"index": 0, **content, "logprobs": None, "finish_reason": finish_reason}]
        )

    def usage_chunk(self, counts: dict[str, int]) -> dict[str, Any]:
        """The chunk without choices that ends a stream when the usage was asked for."""
        return {**self._frame(".chunk", []), "usage": counts}

    def whole(self, message: dict[str, Any], finish_reason: str, counts: dict[str, int]) -> dict[str, Any]:
        """The answer to a request that does not stream."""
        content = {"message": message} if self.chat else {"text": message["content"] or ""}
        choice = {"index": 0, **content, "logprobs": None, "finish_reason": finish_reason}
        return {**self._frame("", [choice]), "usage": counts}
