"""Server-sent events (WHATWG HTML, section 9.2): `id` is the offset after the event."""

from __future__ import annotations

from typing import Any

import msgspec

from chat.api.encoders import serializers
from chat.streams import EndEvent, Heartbeat, LogEvent, StartEvent, TextEvent, ToolEvent

_HEARTBEAT = b": \n\n"


class SseEncoder:
    """Encoder of one response's events."""

    def __init__(self, response_id: str, thread_id: str) -> None:
        self._names = {"responseId": response_id, "threadId": thread_id}
        self._offset = 0

    def __call__(self, event: LogEvent) -> bytes:
        match event:
            case TextEvent(data, offset):
                self._offset = offset
                return self._frame(b"delta", {"text": data.decode()})
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
        return b"event: %b\nid: %d\ndata: %b\n\n" % (name, self._offset, msgspec.json.encode(data))
