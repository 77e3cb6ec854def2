"""A model behind `/chat/completions`: C1, and any other that speaks the protocol."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

from chat.llm.clients.base import ModelProfile, ModelRequest
from chat.llm.config import CHOICE_PARAMETERS
from chat.llm.http.openai_compatible import OpenAITransport
from chat.llm.sse import StreamUpdate


class ChatCompletions:
    """`metadata` is passed through with each request; C1 reads custom actions and components from `metadata.thesys`."""

    path = "/chat/completions"

    def __init__(self, wire: OpenAITransport, profile: ModelProfile, metadata: dict[str, Any]) -> None:
        self.profile = profile
        self._wire, self._metadata = wire, metadata

    def stream(self, request: ModelRequest) -> AsyncGenerator[StreamUpdate]:
        body = {
            **self.profile.parameters,
            "model": self.profile.upstream,
            "messages": request.messages,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if self._metadata:
            body["metadata"] = self._metadata
        if request.tools:
            body["tools"] = request.tools
        else:
            body = {name: value for name, value in body.items() if name not in CHOICE_PARAMETERS}
        return self._wire.stream(request.sent_request.note(body))
