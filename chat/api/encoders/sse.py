"""Server-sent events (WHATWG HTML, section 9.2): `id` is the offset after the event, and the thought's if there is any."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chat.api.encoders import serializers
from chat.api.encoders.shared import shared
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

_encode = msgspec.json.encode

_HEARTBEAT = b": \n\n"


class SseEncoder:
    """Encoder of one response's events."""

    def __init__(self, response_id: str, thread_id: str, thinking_offset: int = 0) -> None:
        self._names = {"responseId": response_id, "threadId": thread_id}
        self._offset, self._thinking_offset = 0, thinking_offset
        # The beginning of a thought's frame, and the offset of the text that it names: a stretch of thought has one.
        self._head, self._head_offset = b"", -1

    def __call__(self, event: LogEvent) -> bytes:
        # Ahead of the pattern matching, which takes as long as the rest of a delta's frame.
        if isinstance(event, TextEvent):
            self._offset = event.offset
            return shared(event, (SseEncoder, self._thinking_offset), self._delta)
        if isinstance(event, ThoughtEvent):
            self._thinking_offset = event.thinking_offset
            return shared(event, (SseEncoder, self._offset), self._thinking)
        match event:
            case StartEvent(status, offset):
                self._offset = offset
                return self._frame(b"start", {**self._names, "status": status, "offset": offset})
            case ToolEvent(name, tool_state, call_id):
                return self._frame(b"tool", {"callId": call_id, "name": name, "state": tool_state})
            case ProgressEvent():
                return self._frame(b"tool", serializers.progress(event))
            case RequestEvent():
                return self._frame(b"request", serializers.request(event))
            case AnswerEvent():
                return self._frame(b"answer", serializers.answer(event))
            case EndEvent(offset, response):
                self._offset = offset
                return self._frame(b"end", serializers.end(response, offset))
            case Heartbeat() | WaitingEvent():
                return _HEARTBEAT

    def _delta(self, words: str) -> bytes:
        if self._thinking_offset:
            return self._framed(b"delta", b'{"text":%b}' % _encode(words))
        # One format: a second for the frame around it takes as long.
        return b'event: delta\nid: %d\ndata: {"text":%b}\n\n' % (self._offset, _encode(words))

    def _thinking(self, words: str) -> bytes:
        if self._head_offset != self._offset:
            self._head, self._head_offset = b"event: thinking\nid: %d:" % self._offset, self._offset
        # Joined, with its number made once: a format takes half as long again.
        number = _encode(self._thinking_offset)
        return b"".join(
            (self._head, number, b'\ndata: {"text":', _encode(words), b',"thinkingOffset":', number, b"}\n\n")
        )

    def _frame(self, name: bytes, data: Mapping[str, Any]) -> bytes:
        return self._framed(name, _encode(data))

    def _framed(self, name: bytes, data: bytes) -> bytes:
        if self._thinking_offset:
            text, thought = self._offset, self._thinking_offset
            return b"event: %b\nid: %d:%d\ndata: %b\n\n" % (name, text, thought, data)
        return b"event: %b\nid: %d\ndata: %b\n\n" % (name, self._offset, data)
