"""Server-sent events (WHATWG HTML, section 9.2): `id` is the offset after the event, and the thought's if there is any."""

from __future__ import annotations

from typing import Any

import msgspec

from chat.api.encoders import serializers
from chat.streams import EndEvent, Heartbeat, LogEvent, StartEvent, TextEvent, ThoughtEvent, ToolEvent

_HEARTBEAT = b": \n\n"


class SseEncoder:
    """Encoder of one response's events."""

    def __init__(self, response_id: str, thread_id: str, thinking_offset: int = 0) -> None:
        self._names = {"responseId": response_id, "threadId": thread_id}
        self._offset, self._thinking_offset = 0, thinking_offset

    def __call__(self, event: LogEvent) -> bytes:
        match event:
            case TextEvent(data, offset):
                self._offset = offset
                return self._frame(b"delta", {"text": data.decode()})
            case ThoughtEvent(data, thinking_offset):
                self._thinking_offset = thinking_offset
                return self._frame(b"thinking", {"text": data.decode(), "thinkingOffset": thinking_offset})
            case StartEvent(status, offset):
                self._offset = offset
                return self._frame(b"start", {**self._names, "status": status, "offset": offset})
            case ToolEvent(name, tool_state):
                return self._frame(b"tool", {"name": name, "state": tool_state})
            case EndEvent(offset, response):
                self._offset = offset
                return self._frame(b"end", serializers.end(response, offset))
            case Heartbeat():
                return _HEARTBEAT

    def _frame(self, name: bytes, data: dict[str, Any]) -> bytes:
        encoded = msgspec.json.encode(data)
        if self._thinking_offset:
            place = (self._offset, self._thinking_offset)
            return b"event: %b\nid: %d:%d\ndata: %b\n\n" % (name, *place, encoded)
        return b"event: %b\nid: %d\ndata: %b\n\n" % (name, self._offset, encoded)
