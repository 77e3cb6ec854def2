"""JSON text frames of `/ws/chat/`: the same events and fields as server-sent events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chat.api.encoders import serializers
from chat.api.encoders.shared import shared
from chat.exceptions import ChatError
from chat.streams import (
    AnswerEvent,
    EndEvent,
    Heartbeat,
    LogEvent,
    ProgressEvent,
    RequestEvent,
    StartEvent,
    TextEvent,
    ThoughtEvent,
    ToolEvent,
    WaitingEvent,
)


class WebSocketEncoder:
    """Encoder of one response's events."""

    def __init__(self, response_id: str, thread_id: str) -> None:
        self._response_id, self._thread_id = response_id, thread_id
        self._offset = self._thinking_offset = 0

    def __call__(self, event: LogEvent) -> str | None:
        """Return the frame of an event; None for a heartbeat, since the server's pings keep a socket alive."""
        # Ahead of the pattern matching, which takes as long as the rest of a delta's frame.
        if isinstance(event, TextEvent):
            self._offset = event.offset
            return shared(event, (WebSocketEncoder,), self._delta)
        if isinstance(event, ThoughtEvent):
            self._thinking_offset = event.thinking_offset
            return shared(event, (WebSocketEncoder, self._offset), self._thinking)
        match event:
            case StartEvent(status, offset):
                self._offset = offset
                return self._frame("start", {"threadId": self._thread_id, "status": status})
            case ToolEvent(name, tool_state, call_id):
                return self._frame("tool", {"callId": call_id, "name": name, "state": tool_state})
            case ProgressEvent():
                return self._frame("tool", serializers.progress(event))
            case RequestEvent():
                return self._frame("request", serializers.request(event))
            case AnswerEvent():
                return self._frame("answer", serializers.answer(event))
            case EndEvent(offset, response):
                self._offset = offset
                return self._frame("end", serializers.end(response, offset))
            case Heartbeat() | WaitingEvent():
                return None

    def _delta(self, words: str) -> str:
        place = self._offset
        return frame({"type": "delta", "responseId": self._response_id, "offset": place, "text": words})

    def _thinking(self, words: str) -> str:
        fields = {
            "type": "thinking",
            "responseId": self._response_id,
            "offset": self._offset,
            "text": words,
            "thinkingOffset": self._thinking_offset,
        }
        return frame(fields)

    def _frame(self, kind: str, fields: Mapping[str, Any]) -> str:
        return frame({"type": kind, "responseId": self._response_id, "offset": self._offset, **fields})


def frame(fields: Mapping[str, Any]) -> str:
    return msgspec.json.encode(fields).decode()


def error(problem: ChatError, response_id: str | None = None) -> str:
    """Return an `error` frame with the fields of HTTP's problem document."""
    named = {} if response_id is None else {"responseId": response_id}
    wait = {} if problem.retry_after is None else {"retryAfter": problem.retry_after}
    return frame(
        {"type": "error", "code": problem.code, "detail": problem.detail, **problem.fields, **wait, **named}
    )
