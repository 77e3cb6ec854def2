"""OpenAI's chat completions, streamed and whole: `dialects.md` in the reference has the table.

The server's tools run unseen; calls of the client's own come back. Thought has no place in this protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from chat.api.encoders.marked import Event, MarkedTextEncoder
from chat.api.encoders.openai.errors import failure_body
from chat.models import Response, Status
from chat.streams import EndEvent, StartEvent

# The protocol's own reasons for an end; any other of a provider's is `stop`.
_REASONS = ("length", "content_filter")


class CompletionEncoder(MarkedTextEncoder):
    """Encoder of one completion's chunks. `created`: seconds since 1970; `include_usage`: the last chunk counts tokens.

    `calls`: those that the client has to make, set before the end.
    """

    def __init__(self, row: Response, created: int, *, include_usage: bool) -> None:
        super().__init__(row)
        self._head = {**completion_head(row, created), "object": "chat.completion.chunk"}
        self._include_usage, self._failed = include_usage, False
        self.calls: list[dict[str, Any]] = []
        self.variant = created
        # The event of a piece is made once: the rest of its fields never change.
        self._delta: dict[str, str] = {}
        self._piece_event = self._chunk(self._delta)

    def begin(self, event: StartEvent) -> Iterable[Event]:
        yield self._chunk({"role": "assistant", "content": ""})

    def text(self, piece: str) -> Event:
        self._delta["content"] = piece
        return self._piece_event

    def end(self, event: EndEvent) -> Iterable[Event]:
        row = event.response
        if row is None or row.status != Status.DONE:
            self._failed = True
            yield failure_body(row)
            return
        for index, call in enumerate(self.calls):
            yield self._chunk({"tool_calls": [{"index": index, **call}]})
        yield self._chunk({}, finish_reason(row, self.calls))
        if self._include_usage:
            yield {**self._head, "choices": [], "usage": usage_of(row)}

    def _chunk(self, delta: Mapping[str, Any], reason: str | None = None) -> Event:
        return {**self._head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    def frame(self, event: Event) -> bytes:
        return b"data: %b\n\n" % msgspec.json.encode(event)

    def closing(self) -> bytes:
        return b"" if self._failed else b"data: [DONE]\n\n"


def completion_head(row: Response, created: int) -> Event:
    return {"id": row.public_id, "created": created, "model": row.model}


def completion(row: Response, created: int, text: str, calls: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a whole completion, with the calls that the client has to make."""
    called = {"tool_calls": calls} if calls else {}
    message = {"role": "assistant", "content": text or (None if calls else ""), "refusal": None, **called}
    reason = finish_reason(row, calls)
    choice = {"index": 0, "message": message, "finish_reason": reason, "logprobs": None}
    head = {**completion_head(row, created), "object": "chat.completion"}
    return {**head, "choices": [choice], "usage": usage_of(row)}


def finish_reason(row: Response, calls: list[dict[str, Any]]) -> str:
    if calls:
        return "tool_calls"
    return row.finish_reason if row.finish_reason in _REASONS else "stop"


def usage_of(row: Response) -> dict[str, Any]:
    """Return the count of a response that has ended."""
    prompt, completion_tokens = row.prompt_tokens or 0, row.completion_tokens or 0
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": row.cached_tokens or 0},
        "completion_tokens_details": {"reasoning_tokens": row.reasoning_tokens or 0},
    }
