"""OpenAssistant's model behind `/completions`: one prompt of its control tokens, text back until a stop token."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import msgspec

from chat.model_clients.base import Question
from chat.model_clients.openai_compatible import OpenAIWire
from chat.oasst_prompt import STOP, StopFilter, build
from chat.sse import Piece

CONTEXT_TOKENS = 2_048  # of the pythia models: prompt and answer together
ANSWER_TOKENS = 1_024  # half of it, the models' card's own figure

# As the model's authors sample it: lively without repeating itself.
SAMPLING = {"temperature": 0.9, "top_p": 0.95, "top_k": 50, "repetition_penalty": 1.2}


class OpenAssistant:
    writes_c1 = False
    takes_tools = False

    def __init__(self, wire: OpenAIWire, model: str) -> None:
        self._wire, self._model = wire, model

    async def stream(self, question: Question) -> AsyncGenerator[Piece]:
        prompt = build([_plain(message) for message in question.messages], CONTEXT_TOKENS, ANSWER_TOKENS)
        stream = self._wire.stream("/completions", {**self._fixed(), "prompt": prompt})
        words = StopFilter()
        async with aclosing(stream):
            async for piece in stream:
                yield msgspec.structs.replace(piece, text=words.feed(piece.text))
                if words.stopped:
                    yield Piece(finish_reason="stop", done=True)
                    return
        yield Piece(text=words.flush())

    def _fixed(self) -> dict[str, Any]:
        return {
            "model": self._model,
            "stream": True,
            "stream_options": {"include_usage": True},
            "stop": STOP,
            "max_tokens": ANSWER_TOKENS,
            **SAMPLING,
        }


def _plain(message: dict[str, Any]) -> dict[str, Any]:
    """A message whose stored JSON is Python's again."""
    return {
        name: msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
        for name, value in message.items()
    }
