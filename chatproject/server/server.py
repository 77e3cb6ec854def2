"""Daphne's server on inherited sockets, with bounded memory, and a drain at its end."""

# mypy: disable-error-code="no-untyped-call,import-untyped,misc"
# Twisted and Daphne are half typed at most.

from __future__ import annotations

import asyncio
import functools
import logging
import os
import signal
import socket
import threading
import traceback
from collections.abc import Sequence
from typing import Any

import daphne.server
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred

from chat.conf import settings
from chatproject.server import loop
from chatproject.server.balance import Balance
from chatproject.server.flow_control import Outbound
from chatproject.server.http import REQUEST_SECONDS, Factory
from chatproject.server.port import Port
from chatproject.server.websocket import WebSocket

reactor: Any = _reactor
logger = logging.getLogger(__name__)

BODY_BYTES = 8 * 1024 * 1024
"""Request body. The largest taken is a message of some 1 MiB, which JSON may make six times as long."""

FRAME_BYTES = 1024 * 1024
"""WebSocket message; a larger one closes the socket with 1009."""

KERNEL_BYTES = 256 * 1024
"""The kernel's send buffer per connection. Left alone it grows to 4 MB for a reader that takes nothing."""

DRAIN_SECONDS = 4.0
"""From SIGTERM to the end of the last answer, so that the process is gone within 5 s."""

LEAVE_SECONDS = 5.0
"""From SIGTERM to a forced exit, for a thread or an event loop that hangs."""

QUIET_SECONDS = 0.2
"""WebSockets that were sent nothing for so long after the drain have got what it gave them."""

QUIET_LIMIT_SECONDS = 1.0
"""At most so long is waited for that silence."""

KILL_SECONDS = 0.3
"""For applications that are cancelled at the end of the drain."""

OPEN_HANDSHAKE_SECONDS = 30.0
"""For the application to accept a socket. Autobahn's 5 s cut them off while 10,000 came within 20 s."""

CLOSE_HANDSHAKE_SECONDS = 5.0
"""For a client to answer a close frame; Autobahn's 1 s is short for one that is still sending."""

POLL_SECONDS = 0.02
"""Between two looks at buffers that empty during the drain."""


class Server(daphne.server.Server):
    """Daphne's server on inherited sockets, which it shares with other processes where there is a `balance`.

    `reader_seconds`: a reader may take nothing for so long. `request_seconds`: a request may arrive for so long.
    """

    def __init__(
        self,
        application: Any,
        sockets: Sequence[socket.socket],
        balance: Balance | None = None,
        *,
        reader_seconds: float = settings.reader_seconds,
        request_seconds: float = REQUEST_SECONDS,
        body_bytes: int = BODY_BYTES,
    ) -> None:
        super().__init__(
            application,
            endpoints=["inherited"],
            signal_handlers=False,
            websocket_timeout=-1,
            websocket_max_frame_size=FRAME_BYTES,
            websocket_max_message_size=FRAME_BYTES,
            server_name="",
        )
        self.endpoints: list[str] = []  # Daphne opens sockets by name; these are open already
        self.sockets, self.balance, self.ports = sockets, balance, list[Any]()
        self.reader_seconds, self.request_seconds = reader_seconds, request_seconds
        self.body_bytes = body_bytes
        self.outbounds, self.watched = set[Outbound](), set[Outbound]()
        self.stopping, self.sent = False, 0

    # Life

    def run(self) -> None:
        """Serve until `stop`, SIGTERM or SIGINT, then drain."""
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        reactor.callWhenRunning(self.start)
        super().run()

    def start(self) -> None:
        self.ws_factory.protocol = WebSocket
        # Origins are the application's business; left out, Daphne's leave for `null` would be taken back.
        self.ws_factory.setProtocolOptions(
            failByDrop=False,
            openHandshakeTimeout=OPEN_HANDSHAKE_SECONDS,
            closeHandshakeTimeout=CLOSE_HANDSHAKE_SECONDS,
            allowNullOrigin=True,
        )
        for listener in self.sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
            # As the reactor's `adoptStreamPort` does, which makes ports of Twisted's own class alone.
            port = Port._fromListeningDescriptor(reactor, listener.fileno(), listener.family, Factory(self))
            port.balance = self.balance
            port.startListening()
            self.ports.append(port)
            listener.close()  # the port has its own copy
        self.cut_stalled_readers()
        self.starting = loop.create_task(self.call_hook("on_startup", None))

    def stop(self) -> None:
        if not self.stopping:
            self.stopping = True
            super().stop()

    def kill_all_applications(self) -> Deferred[None]:
        """Daphne's last call before it goes: ours drains instead."""
        return Deferred.fromFuture(loop.create_task(self.drain()))

    async def call_hook(self, name: str, seconds: float | None) -> None:
        hook = getattr(self.application, name, None)
        try:
            if hook is not None:
                await asyncio.wait_for(hook(), seconds)
        except TimeoutError:
            logger.error("%s took longer than %s s", name, seconds)
        except Exception:
            logger.exception("%s failed", name)

    # Drain

    async def drain(self) -> None:
        """Accept nothing more, let the application finish, bring its last bytes to the readers."""
        ends = loop.time() + DRAIN_SECONDS
        exit_anyway(LEAVE_SECONDS)
        await asyncio.gather(*(Deferred.asFuture(port.stopListening(), loop) for port in self.ports))
        await self.call_hook("on_shutdown", DRAIN_SECONDS)
        await self.quiet(min(ends, loop.time() + QUIET_LIMIT_SECONDS))
        for websocket in self.websockets():
            websocket.go_down()
        await self.finish_applications(ends)
        await self.flush(ends)

    def websockets(self) -> list[WebSocket]:
        return [connection for connection in self.connections if isinstance(connection, WebSocket)]

    async def quiet(self, ends: float) -> None:
        """Return when no open WebSocket was sent anything for a while."""
        sent = -1
        while self.websockets() and sent != self.sent and loop.time() < ends:
            sent = self.sent
            await asyncio.sleep(QUIET_SECONDS)

    async def finish_applications(self, ends: float) -> None:
        running = {task for each in self.connections.values() if (task := each.get("application_instance"))}
        if running:
            _, late = await asyncio.wait(running, timeout=max(0, ends - loop.time()))
            for task in late:
                task.cancel()
            if late:
                logger.warning("%d applications were cancelled at the end of the drain", len(late))
                await asyncio.wait(late, timeout=KILL_SECONDS)

    async def flush(self, ends: float) -> None:
        """Return when the kernel has every byte; Twisted does not tell of buffers below its mark."""
        while loop.time() < ends and any(outbound.pending() for outbound in self.outbounds):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)

    # Applications

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Start the application for one request or socket; returns the inbox of what it receives."""
        inbox = protocol.inbox()
        scope.setdefault("asgi", {"version": "3.0"})
        task = loop.create_task(self.run_application(protocol, scope, inbox))
        self.connections[protocol]["application_instance"] = task
        return inbox

    async def run_application(self, protocol: Any, scope: dict[str, Any], inbox: Any) -> None:
        failed = True
        try:
            await self.application(scope, inbox.get, functools.partial(self.handle_reply, protocol))
            failed = False
        except Exception as error:
            # Its message may quote a prompt: the kind and the place must do.
            place = "".join(traceback.format_tb(error.__traceback__))
            logger.error("An application failed with %s. Traceback:\n%s", type(error).__name__, place)
        finally:  # cancelled ones too
            if "disconnected" not in self.connections.get(protocol, {"disconnected": 0}):
                protocol.application_ended(failed)

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """An application's `send`: waits while its reader is behind, not where there is none any more."""
        outbound: Outbound = protocol.outbound
        while outbound.full:
            await outbound.drained()
        if outbound.gone:
            await asyncio.sleep(0)  # an application that never waits elsewhere could not be cancelled
        elif message["type"] == "http.response.start":
            await super().handle_reply(protocol, message)
        else:
            self.sent += 1
            protocol.handle_reply(message)

    def protocol_disconnected(self, protocol: Any) -> None:
        if protocol in self.connections:  # Daphne reports a refused handshake twice
            super().protocol_disconnected(protocol)

    # Clocks

    def cut_stalled_readers(self) -> None:
        for outbound in list(self.watched):
            if outbound.stalled_seconds() > self.reader_seconds:
                outbound.transport.abortConnection()
        loop.call_later(min(1.0, self.reader_seconds / 4), self.cut_stalled_readers)

    def application_checker(self) -> None:
        self.tick("application_checker", 1)

    def timeout_checker(self) -> None:
        self.tick("timeout_checker", 2)

    def tick(self, name: str, seconds: float) -> None:
        """One of Daphne's checks, which does not end all later ones when it fails."""
        try:
            getattr(super(), name)()
        except Exception:
            logger.exception("%s failed", name)
            reactor.callLater(seconds, getattr(self, name))


def exit_anyway(seconds: float) -> None:
    """Leave the process after this time, whatever hangs."""
    timer = threading.Timer(seconds, os._exit, [1])
    timer.daemon = True
    timer.start()
