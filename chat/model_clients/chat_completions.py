"""A model behind `/chat/completions`: C1, and any other that speaks the protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from chat.model_clients.base import Question
from chat.model_clients.openai_compatible import OpenAIWire
from chat.sse import Piece


class ChatCompletions:
    """`writes_c1`: its answers are C1's envelopes, into which think items may be put."""

    takes_tools = True

    def __init__(self, wire: OpenAIWire, model: str, *, writes_c1: bool) -> None:
        self._wire, self._model = wire, model
        self.writes_c1 = writes_c1

    def stream(self, question: Question) -> AsyncGenerator[Piece]:
        body: dict[str, Any] = {
            "model": self._model,
            "messages": question.messages,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if question.tools:
            body["tools"] = question.tools
        return self._wire.stream("/chat/completions", body)
