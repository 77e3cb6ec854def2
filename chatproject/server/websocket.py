"""WebSocket connections."""

# mypy: disable-error-code="no-untyped-call,import-untyped,misc"
# ruff: noqa: N802
# Twisted, Autobahn and Daphne are half typed at most, and their names are theirs.

from __future__ import annotations

import asyncio
import struct
from typing import Any

from autobahn.websocket.types import ConnectionDeny
from daphne.ws_protocol import WebSocketProtocol

from chatproject.server import loop
from chatproject.server.flow_control import Outbound

QUEUED_FRAMES = 64
"""Frames that wait for a busy consumer; more than a person sends, and a few ms of work."""

QUEUED_BYTES = 1024 * 1024
"""Payload that waits for a busy consumer: one frame of the largest size."""

MESSAGE_PIECES = 1024
"""Frames of one message: a Python object each, so a message in crumbs would hold forty times its size."""

GOING_DOWN = 1012
"""WebSocket close code "service restart": clients connect again."""


class Inbox(asyncio.Queue[dict[str, Any]]):
    """Frames for a consumer. Above its bounds the socket is held; it is released when all are taken."""

    def __init__(self, socket: WebSocket) -> None:
        super().__init__()
        self.socket, self.held_bytes = socket, 0

    def _put(self, message: dict[str, Any]) -> None:
        super()._put(message)
        self.held_bytes += self._size(message)
        if self.qsize() >= QUEUED_FRAMES or self.held_bytes >= QUEUED_BYTES:
            self.socket.holding = True

    def _get(self) -> dict[str, Any]:
        message: dict[str, Any] = super()._get()
        self.held_bytes -= self._size(message)
        if self.socket.holding and self.empty():
            loop.call_soon(self.socket.release)
        return message

    def _size(self, message: dict[str, Any]) -> int:
        return len(message.get("text") or message.get("bytes") or "")


def _frame_head(opcode: int, size: int) -> bytes:
    """Ahead of a whole message in one frame, unmasked as a server's are (RFC 6455, 5.2)."""
    if size < 126:
        return struct.pack("!BB", 0x80 | opcode, size)
    if size < 65_536:
        return struct.pack("!BBH", 0x80 | opcode, 126, size)
    return struct.pack("!BBQ", 0x80 | opcode, 127, size)


class WebSocket(WebSocketProtocol):
    """One WebSocket.

    While `holding`, until it is accepted and while the consumer is busy, nothing is read from the network.
    """

    holding = False

    def connectionMade(self) -> None:
        self.server = self.factory.server_class
        self.outbound: Outbound = self.transport.producer.outbound  # of the HTTP connection that this one was
        self.transport.unregisterProducer()
        self.transport.registerProducer(self.outbound, True)
        super().connectionMade()

    def connectionLost(self, reason: Any) -> None:
        self.outbound.stopProducing()
        super().connectionLost(reason)

    def inbox(self) -> Inbox:
        return Inbox(self)

    # What comes in

    def onConnect(self, request: Any) -> Any:
        self.holding = True
        return super().onConnect(request)

    def failHandshake(self, reason: str, code: int = 400, responseHeaders: Any = None) -> None:  # noqa: N803
        # An origin that is no URL never comes before the application, and is foreign all the same.
        super().failHandshake(
            reason, 403 if reason.startswith("HTTP Origin header") else code, responseHeaders
        )

    def onOpen(self) -> None:
        self.release()
        super().onOpen()

    def onClose(self, was_clean: bool, code: int | None, reason: str | None) -> None:
        if hasattr(self, "request"):  # else the handshake was no handshake, and nobody knows of it
            super().onClose(was_clean, code, reason)

    def dataReceived(self, data: bytes) -> None:
        if self.holding:
            self.data += data
            self.transport.pauseProducing()
        else:
            self._dataReceived(data)

    def processData(self) -> bool:
        return not self.holding and bool(super().processData())

    def release(self) -> None:
        """Go on reading, once accepted: first what had been read already, then the network."""
        if self.state == self.STATE_CONNECTING:
            return  # what came now would be taken for a second handshake
        self.holding = False
        if self.data:
            self.consumeData()
        if not self.holding:
            self.transport.resumeProducing()

    def onMessageFrame(self, payload: list[bytes]) -> None:
        super().onMessageFrame(payload)
        if len(self.message_data) > MESSAGE_PIECES and not self.failedByMe:
            self._max_message_size_exceeded(0, 0, "message in too many pieces")

    def onPing(self, payload: bytes) -> None:
        # Pongs wait for nobody: a client that pings and never reads would fill the memory.
        if not self.outbound.full:
            super().onPing(payload)

    def onAutoPingTimeout(self) -> None:
        self.autoPingTimeoutCall = None
        if self.outbound.untaken():  # our ping waits behind what a slow reader has still to take
            self.outbound.watch()
        elif not self.holding:  # else the pong waits in the kernel
            super().onAutoPingTimeout()

    # What goes out

    def handle_reply(self, message: dict[str, Any]) -> None:
        if self.state in (self.STATE_CONNECTING, self.STATE_OPEN):
            super().handle_reply(message)

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:
        # Not sendMessage: the cap on what may come in would hold for what goes out too. Not sendFrame: there is one of these
        # for each delta, and what it could do beside takes a tenth of a delta's time.
        payload = content if isinstance(content, bytes) else content.encode()
        self.transport.write(_frame_head(2 if binary else 1, len(payload)) + payload)

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        self.transport.write(data)  # Autobahn's own formats two log fields that nobody reads, per frame

    def application_ended(self, failed: bool) -> None:
        if hasattr(self, "handshake_deferred"):
            deny = (
                ConnectionDeny(500, "Internal Server Error") if failed else ConnectionDeny(403, "Forbidden")
            )
            self.handshake_deferred.errback(deny)
            del self.handshake_deferred
            self.server.protocol_disconnected(self)
        elif self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=1011 if failed else 1000)

    def go_down(self) -> None:
        """Close for a restart. The consumer hears of it now, not when the client has answered."""
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=GOING_DOWN)
            self.application_queue.put_nowait({"type": "websocket.disconnect", "code": GOING_DOWN})
            self.muted = True
