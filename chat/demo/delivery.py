"""One reply made ready to be sent: its text or calls, the deltas they become, and the ending."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import chunks
from .blocks import Answer, Call, Calls, Failure, Reply
from .conversation import Conversation
from .pace import cut
from .program import Turn, as_it_is, envelope
from .prose import prose

BUILT_IN = "demo"
"""The model name where a request names none."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is sent for one request; `failure` names the way in which its stream is to break."""

    frame: chunks.Completion
    words: str
    calls: tuple[dict[str, Any], ...]
    finish_reason: str
    failure: str | None
    usage: dict[str, int]

    def deltas(self) -> list[dict[str, Any]]:
        """The stream's deltas, the one that names the role first."""
        contents = ({"content": piece} for piece in cut(self.words))
        return [{"role": "assistant", "content": ""}, *contents, *self._call_deltas()]

    def _call_deltas(self) -> Iterator[dict[str, Any]]:
        for index, call in enumerate(self.calls):
            function = call["function"]
            yield {"tool_calls": [{"index": index, **call, "function": {**function, "arguments": ""}}]}
            for piece in cut(function["arguments"]):
                yield {"tool_calls": [{"index": index, "function": {"arguments": piece}}]}

    def ending(self, *, usage: bool) -> bytes:
        """The events after the last delta: why it ended, the usage where it was asked for, and the end mark."""
        finish = chunks.event(self.frame.chunk({}, self.finish_reason))
        counts = chunks.event(self.frame.usage_chunk(self.usage)) if usage else b""
        return finish + counts + chunks.DONE

    def whole(self) -> dict[str, Any]:
        """The answer to a request that does not stream."""
        message: dict[str, Any] = {"role": "assistant", "content": self.words or None}
        if self.calls:
            message["tool_calls"] = list(self.calls)
        return self.frame.whole(message, self.finish_reason, self.usage)


def deliver(
    body: Mapping[str, Any], asked: Conversation, given: Reply, *, chat: bool, turn: Turn = as_it_is
) -> Delivery:
    """The reply to the request `body`, in plain text or in C1's format, cut where its `max_tokens` says."""
    words, limit = _words(given, asked.plain, turn), _limit(body)
    calls = tuple(_named(call) for call in given.calls) if isinstance(given, Calls) else ()
    model = body.get("model")
    return Delivery(
        frame=chunks.Completion(chat, model if isinstance(model, str) and model else BUILT_IN),
        words=words[:limit],
        calls=calls,
        finish_reason="tool_calls" if calls else "stop" if len(words) <= limit else "length",
        failure=given.kind if isinstance(given, Failure) else None,
        usage=chunks.usage(asked.characters, len(words[:limit]) + len(str(calls))),
    )


def _words(given: Reply, plain: bool, turn: Turn) -> str:
    if isinstance(given, Calls):
        return ""
    shown = given if isinstance(given, Answer) else given.shown
    return prose(shown) if plain else envelope(shown, turn)


def _limit(body: Mapping[str, Any]) -> int:
    asked = [body.get(name) for name in ("max_completion_tokens", "max_tokens")]
    tokens = next((count for count in asked if isinstance(count, int) and count > 0), None)
    return chunks.CHARACTERS_PER_TOKEN * tokens if tokens else 1 << 40


def _named(call: Call) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": f"call_{uuid.uuid4().hex[:24]}", "type": "function", "function": function}
