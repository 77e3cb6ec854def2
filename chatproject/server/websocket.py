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
from chatproject.server.flow_control import FlowControl

# Frames that wait for a busy consumer: more than a person sends, and a few ms of work.
QUEUED_FRAMES = 64

# Payload bytes that wait for a busy consumer: one frame of the largest size.
QUEUED_BYTES = 1024 * 1024

# Frames of one message: a Python object each, so many small ones would hold forty times the message's size.
MESSAGE_PIECES = 1024

# Steps of Autobahn's parser in one turn of the event loop, two for a frame: 25,000 pings come in one read, and took 0.9 s.
STEPS_PER_TURN = 128

# WebSocket close code "service restart": clients connect again.
GOING_DOWN = 1012


class FrameQueue(asyncio.Queue[dict[str, Any]]):
    """Frames for a consumer. The socket is held above the queue's bounds, and released when it is empty."""

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
    """Return the head of a whole message in one frame, unmasked as from a server (RFC 6455, 5.2)."""
    if size < 126:
        return struct.pack("!BB", 0x80 | opcode, size)
    if size < 65_536:
        return struct.pack("!BBH", 0x80 | opcode, 126, size)
    return struct.pack("!BBQ", 0x80 | opcode, 127, size)


class WebSocket(WebSocketProtocol):
    """One WebSocket.

    Nothing is read from the network while `holding`: until the application accepts the WebSocket, and while the
    consumer is busy. While `yielding`, data that was read waits for the next turn of the event loop.
    """

    holding = yielding = False
    steps = 0

    def connectionMade(self) -> None:
        self.server = self.factory.server_class
        self.flow = FlowControl(self.transport, self.transport.fileno(), self.server)
        self.transport.registerProducer(self.flow, True)
        super().connectionMade()

    def connectionLost(self, reason: Any) -> None:
        self.flow.stopProducing()
        super().connectionLost(reason)

    def make_receive_queue(self) -> FrameQueue:
        return FrameQueue(self)

    # Receiving

    def onConnect(self, request: Any) -> Any:
        self.holding = True
        self.opened = self.pinged = loop.time()
        return super().onConnect(request)

    def failHandshake(self, reason: str, code: int = 400, responseHeaders: Any = None) -> None:  # noqa: N803
        # Autobahn refuses an origin that is no URL before the application could refuse it as foreign.
        super().failHandshake(
            reason, 403 if reason.startswith("HTTP Origin header") else code, responseHeaders
        )

    def onOpen(self) -> None:
        self.release()
        super().onOpen()

    def onClose(self, was_clean: bool, code: int | None, reason: str | None) -> None:
        if hasattr(
            self, "request"
        ):  # else the handshake was invalid, and the server does not know the connection
            super().onClose(was_clean, code, reason)

    def dataReceived(self, data: bytes) -> None:
        if self.holding or self.yielding:
            self.data += data
            self.transport.pauseProducing()
        else:
            self.steps = 0
            self._dataReceived(data)

    def processData(self) -> bool:
        if self.holding or self.yielding:
            return False
        self.steps += 1
        if self.steps > STEPS_PER_TURN:
            self.yielding = True
            loop.call_soon(self._go_on)
            return False
        return bool(super().processData())

    def _go_on(self) -> None:
        self.yielding, self.steps = False, 0
        if not self.holding:
            self.release()

    def release(self) -> None:
        """Resume reading, once accepted: first the data already read, then the network."""
        if self.state == self.STATE_CONNECTING:
            return  # data would be parsed as a second handshake
        self.holding = False
        if self.data:
            self.consumeData()
        if not (self.holding or self.yielding):
            self.transport.resumeProducing()

    def onMessageFrame(self, payload: list[bytes]) -> None:
        super().onMessageFrame(payload)
        if len(self.message_data) > MESSAGE_PIECES and not self.failedByMe:
            self._max_message_size_exceeded(0, 0, "message in too many pieces")

    def onPing(self, payload: bytes) -> None:
        # Pongs do not wait for room: a client that pings and never reads would fill the memory.
        if not self.flow.full:
            super().onPing(payload)

    def onAutoPingTimeout(self) -> None:
        self.autoPingTimeoutCall = None
        if self.flow.unacked_bytes():  # the ping waits behind the data that a slow reader has not taken
            self.flow.watch()
        elif not self.holding:  # else the pong waits in the kernel
            super().onAutoPingTimeout()

    def check_timeouts(self) -> None:
        """Reject a handshake that the application leaves open, and ping an open socket.

        Daphne goes by the clock on the wall: one that is set back a day would end the pings, and proxies cut idle sockets.
        """
        now = loop.time()
        if self.state == self.STATE_CONNECTING and now - self.opened > self.server.websocket_connect_timeout:
            self.serverReject()
        elif self.state == self.STATE_OPEN and now - self.pinged > self.server.ping_interval:
            self.pinged = now
            self._sendAutoPing()

    # Sending

    def handle_reply(self, message: dict[str, Any]) -> None:
        if self.state in (self.STATE_CONNECTING, self.STATE_OPEN):
            super().handle_reply(message)

    def serverSend(self, content: str | bytes, binary: bool = False) -> None:
        # Not sendMessage, which applies the limit of received messages to sent ones too. Not sendFrame, whose options
        # take a tenth of the time of a delta.
        payload = content if isinstance(content, bytes) else content.encode()
        self.transport.write(_frame_head(2 if binary else 1, len(payload)) + payload)

    def sendData(self, data: bytes, sync: bool = False, chopsize: int | None = None) -> None:
        self.transport.write(data)  # Autobahn's own formats two unused log fields per frame

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
        """Close for a restart. The consumer learns of it at once, not when the client has answered."""
        if self.state == self.STATE_OPEN:
            self.sendCloseFrame(code=GOING_DOWN)
            self.application_queue.put_nowait({"type": "websocket.disconnect", "code": GOING_DOWN})
            self.muted = True
