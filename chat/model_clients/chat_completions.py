"""A model behind `/chat/completions`: C1, and any other that speaks the protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from chat.conf_models import CHOICE_PARAMETERS
from chat.model_clients.base import Question, Traits
from chat.model_clients.openai_compatible import OpenAIWire
from chat.sse import Piece


class ChatCompletions:
    """`metadata` is passed through with each request; C1 reads custom actions and components from `metadata.thesys`."""

    path = "/chat/completions"

    def __init__(self, wire: OpenAIWire, traits: Traits, metadata: dict[str, Any]) -> None:
        self.traits = traits
        self._wire, self._metadata = wire, metadata

    def stream(self, question: Question) -> AsyncGenerator[Piece]:
        body = {
            **self.traits.parameters,
            "model": self.traits.upstream,
            "messages": question.messages,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if self._metadata:
            body["metadata"] = self._metadata
        if question.tools:
            body["tools"] = question.tools
        else:
            body = {name: value for name, value in body.items() if name not in CHOICE_PARAMETERS}
        return self._wire.stream(question.sent.note(body))
