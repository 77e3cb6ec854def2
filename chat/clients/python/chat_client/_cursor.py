"""A reader's position in a response: server-sent events in, each byte of text and thought out once. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple, cast

from chat_client.errors import ProtocolError
from chat_client.events import (
    Event,
    RequestClosed,
    RequestOpened,
    StreamEnd,
    StreamStart,
    TextDelta,
    ThinkingDelta,
    ToolUpdate,
)
from chat_client.shapes import RequestJson


class ServerSentEvent(NamedTuple):
    event: str
    id: str
    data: dict[str, Any]


class SseDecoder:
    """An incremental decoder of server-sent events; comments and unknown fields are dropped."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[ServerSentEvent]:
        """Yield the events that are complete with these bytes."""
        *blocks, self._rest = (self._rest + data).replace(b"\r\n", b"\n").split(b"\n\n")
        for block in blocks:
            fields = dict(_field(line) for line in block.split(b"\n"))
            if b"data" in fields:
                yield _event(fields)


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b":")
    return name, value.removeprefix(b" ")


def _event(fields: dict[bytes, bytes]) -> ServerSentEvent:
    try:
        data = json.loads(fields[b"data"])
    except ValueError as error:
        raise ProtocolError("An event holds no JSON.") from error
    return ServerSentEvent(fields.get(b"event", b"").decode(), fields.get(b"id", b"").decode(), data)


def _unread(text: str, after: int, offset: int) -> str:
    """Return the part of a piece behind `offset`. Raise ProtocolError if bytes are missing ahead of it."""
    encoded = text.encode()
    begin = after - len(encoded)
    if begin > offset:
        raise ProtocolError(f"Bytes {offset} to {begin} are missing.")
    return encoded[offset - begin :].decode()


class Cursor:
    """The bytes of text and of thought that a reader has received."""

    def __init__(self, offset: int, thinking_offset: int) -> None:
        self.offset = offset
        self.thinking_offset = thinking_offset

    def take(self, received: ServerSentEvent) -> Event | None:
        """Return the event for a reader, or None if it brings nothing new. Raise ProtocolError."""
        try:
            return self._event(received)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProtocolError(f"The event {received.event!r} lacks a field.") from error

    def _event(self, received: ServerSentEvent) -> Event | None:
        data = received.data
        match received.event:
            case "delta":
                return self._text(data["text"], int(received.id.partition(":")[0]))
            case "thinking":
                return self._thought(data["text"], data["thinkingOffset"])
            case "tool":
                return ToolUpdate(data["name"], data["state"], data.get("progress"), data.get("callId"))
            case "request":
                return RequestOpened(cast("RequestJson", data))
            case "answer":
                return RequestClosed(data["requestId"], data["outcome"])
            case "start":
                return StreamStart(data["responseId"], data["threadId"], data["status"], data["offset"])
            case "end":
                return StreamEnd(
                    data["status"], data["finishReason"], data["usage"], data["error"], data["keptOffset"]
                )
        return None

    def _text(self, piece: str, after: int) -> TextDelta | None:
        text = _unread(piece, after, self.offset)
        self.offset = max(self.offset, after)
        return TextDelta(text, self.offset) if text else None

    def _thought(self, piece: str, after: int) -> ThinkingDelta | None:
        text = _unread(piece, after, self.thinking_offset)
        self.thinking_offset = max(self.thinking_offset, after)
        return ThinkingDelta(text, self.thinking_offset) if text else None
