"""OpenAssistant's model behind `/completions`: one prompt of its control tokens, text back until a stop token."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec

from chat.llm.clients.base import ModelProfile, ModelRequest
from chat.llm.clients.openassistant_prompt import CONTEXT_TOKENS, STOP, StopFilter, build, plain
from chat.llm.http.openai_compatible import OpenAITransport
from chat.llm.sse import StreamUpdate

ANSWER_TOKENS = 1_024  # half of the context, the models' card's own figure

# As the model's authors sample it: lively without repeating itself.
SAMPLING = {
    "temperature": 0.9,
    "top_p": 0.95,
    "top_k": 50,
    "repetition_penalty": 1.2,
    "max_tokens": ANSWER_TOKENS,
}


class OpenAssistant:
    """`traits.budget_tokens` is its context: prompt and answer together."""

    path = "/completions"

    def __init__(self, wire: OpenAITransport, profile: ModelProfile, metadata: dict[str, Any]) -> None:
        self.profile = profile
        self._wire = wire
        self._fixed = {
            "model": profile.upstream,
            "stream": True,
            "stream_options": {"include_usage": True},
            "stop": STOP,
            **SAMPLING,
            **profile.parameters,
            **({"metadata": metadata} if metadata else {}),
        }

    async def stream(self, request: ModelRequest) -> AsyncGenerator[StreamUpdate]:
        context = self.profile.budget_tokens or CONTEXT_TOKENS
        prompt = build(plain(request.messages), context, self._fixed["max_tokens"])
        request.sent_request.context = context
        stream = self._wire.stream(request.sent_request.note({**self._fixed, "prompt": prompt}))
        words = StopFilter()
        async with aclosing(stream):
            async for piece in stream:
                said = words.feed(piece.text) + (words.flush() if piece.done else "")
                yield msgspec.structs.replace(piece, text=said)
                if words.stopped:
                    yield StreamUpdate(finish_reason="stop", done=True)
                    return
        yield StreamUpdate(text=words.flush())
