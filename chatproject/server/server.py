"""Daphne's server on inherited sockets, with bounded memory and a drain before its exit."""

# mypy: disable-error-code="no-untyped-call,import-untyped,misc"
# Twisted and Daphne are half typed at most.

from __future__ import annotations

import asyncio
import functools
import logging
import os
import signal
import socket
from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any

import daphne.server
from twisted.internet import reactor as _reactor
from twisted.internet.defer import Deferred

from chatproject.server import loop
from chatproject.server.balance import Balance
from chatproject.server.failures import exit_anyway, log_failure
from chatproject.server.flow_control import FlowControl
from chatproject.server.http import REQUEST_SECONDS, Exchange, HttpConnection
from chatproject.server.memory import bound_free_memory
from chatproject.server.port import Port
from chatproject.server.request import RefusedRequest, Request
from chatproject.server.transport import ImmediateTransport
from chatproject.server.warm import warm_pages
from chatproject.server.websocket import WebSocket

reactor: Any = _reactor
logger = logging.getLogger(__name__)

# Bytes of a request body. The largest is a message of some 1 MiB, which JSON may make six times as long.
BODY_BYTES = 8 * 1024 * 1024

# Bytes of a WebSocket message; a larger one closes the socket with 1009.
FRAME_BYTES = 1024 * 1024

# Bytes of the kernel's send buffer per connection. Left alone it grows to 4 MB for a reader that takes nothing.
KERNEL_BYTES = 256 * 1024

# Seconds from SIGTERM to the end of the last response, so that the process has ended within 5 s.
DRAIN_SECONDS = 4.0

# Seconds from SIGTERM to a forced exit, for a thread or an event loop that hangs.
LEAVE_SECONDS = 5.0

# Seconds; WebSockets that were sent nothing for so long during the drain have been sent their last frames.
QUIET_SECONDS = 0.2

# Seconds to wait for that silence at most.
QUIET_LIMIT_SECONDS = 1.0

# Seconds for applications that were cancelled at the end of the drain to end.
KILL_SECONDS = 0.3

# Seconds for the application to accept a socket. Autobahn's 5 s cut them off while 10,000 came within 20 s.
OPEN_HANDSHAKE_SECONDS = 30.0

# Seconds for a client to answer a close frame; Autobahn's 1 s is short for one that is still sending.
CLOSE_HANDSHAKE_SECONDS = 5.0

# Seconds between two searches for connections that have ended, as in Daphne.
REAP_SECONDS = 1.0

# Seconds between two checks of the WebSockets' pings, as in Daphne: a tenth of the interval between pings.
TIMEOUT_CHECK_SECONDS = 2.0

# Seconds between two checks of buffers that empty during the drain.
POLL_SECONDS = 0.02


class DaphneServer(daphne.server.Server):
    """Daphne's server on inherited sockets, which it shares with other processes where there is a `balance`.

    `reader_seconds`: the time for which a reader may take nothing. `request_seconds`: the time for a request to
    arrive.
    """

    def __init__(
        self,
        application: Any,
        sockets: Sequence[socket.socket],
        balance: Balance | None = None,
        *,
        reader_seconds: float,
        request_seconds: float = REQUEST_SECONDS,
        body_bytes: int = BODY_BYTES,
        ready_fd: int | None = None,
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
        self.sockets, self.balance, self.ports = sockets, balance, list[Port]()
        self.reader_seconds, self.request_seconds = reader_seconds, request_seconds
        self.body_bytes, self.ready_fd = body_bytes, ready_fd
        self.flows, self.watched = set[FlowControl](), set[FlowControl]()
        # The connections over which a request has yet to arrive, and until when, the earliest first.
        self.awaited = dict[HttpConnection, float]()
        # The exchanges whose applications run, and those of them whose clients have left.
        self.exchanges, self.leaving = set[Exchange](), set[Exchange]()
        self.stopping, self.retiring, self.sent = False, False, 0

    # Life

    def run(self) -> None:
        """Serve until `stop`, SIGTERM or SIGINT, then drain."""
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGUSR1, self.retire)
        reactor.callWhenRunning(self.start)
        super().run()

    def start(self) -> None:
        self.ws_factory.protocol = WebSocket
        # The application checks origins. Left out, `allowNullOrigin` would fall back to False, Autobahn's default.
        self.ws_factory.setProtocolOptions(
            failByDrop=False,
            openHandshakeTimeout=OPEN_HANDSHAKE_SECONDS,
            closeHandshakeTimeout=CLOSE_HANDSHAKE_SECONDS,
            allowNullOrigin=True,
        )
        for listener in self.sockets:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
            self.ports.append(Port(listener, self, self.balance))
        self.cut_stalled_readers()
        self.end_idle_connections()
        self.starting = loop.create_task(self.start_application())
        warm_pages(loop)
        bound_free_memory(loop)

    async def start_application(self) -> None:
        """Start the application, and tell a supervisor that waits for it."""
        if await self.call_hook("on_startup", None) and self.ready_fd is not None:
            os.write(self.ready_fd, b"\n")
            os.close(self.ready_fd)

    def retire(self) -> None:
        """Leave new connections to a successor, let what runs here end by itself, and stop then."""
        if not (self.retiring or self.stopping):
            self.retiring = True
            self.retirement = loop.create_task(self.finish_and_stop())

    async def finish_and_stop(self) -> None:
        self.stop_listening()
        for websocket in self.websockets():
            websocket.go_down()
        await self.call_hook("on_retire", None)
        self.stop()

    def stop_listening(self) -> None:
        for port in self.ports:
            port.close()

    def stop(self) -> None:
        if not self.stopping:
            self.stopping = True
            super().stop()

    def kill_all_applications(self) -> Deferred[None]:
        """Drain instead of cancelling the applications, as Daphne would before its exit."""
        return Deferred.fromFuture(loop.create_task(self.drain()))

    async def call_hook(self, name: str, seconds: float | None) -> bool:
        """Call a hook of the application, if it has that. Return False where it failed."""
        hook = getattr(self.application, name, None)
        try:
            if hook is not None:
                await asyncio.wait_for(hook(), seconds)
        except TimeoutError:
            logger.error("%s took longer than %s s", name, seconds)
            return False
        except Exception:
            logger.exception("%s failed", name)
            return False
        return True

    # Drain

    async def drain(self) -> None:
        """Stop accepting, let the application finish, and deliver the last bytes to the readers."""
        ends = loop.time() + DRAIN_SECONDS
        exit_anyway(LEAVE_SECONDS)
        self.stop_listening()
        await self.call_hook("on_shutdown", DRAIN_SECONDS)
        await self.quiet(min(ends, loop.time() + QUIET_LIMIT_SECONDS))
        for websocket in self.websockets():
            websocket.go_down()
        await self.finish_applications(ends)
        await self.flush(ends)

    def websockets(self) -> list[WebSocket]:
        return [connection for connection in self.connections if isinstance(connection, WebSocket)]

    async def quiet(self, ends: float) -> None:
        """Wait until no open WebSocket has been sent anything for a while."""
        sent = -1
        while self.websockets() and sent != self.sent and loop.time() < ends:
            sent = self.sent
            await asyncio.sleep(QUIET_SECONDS)

    async def finish_applications(self, ends: float) -> None:
        running = {task for each in self.connections.values() if (task := each.get("application_instance"))}
        running |= {exchange.task for exchange in self.exchanges}
        if running:
            _, late = await asyncio.wait(running, timeout=max(0, ends - loop.time()))
            for task in late:
                task.cancel()
            if late:
                logger.warning("%d applications were cancelled at the end of the drain", len(late))
                await asyncio.wait(late, timeout=KILL_SECONDS)

    async def flush(self, ends: float) -> None:
        """Wait until the kernel has every byte. Transports do not report small buffers: they are polled."""
        while loop.time() < ends and any(flow.pending_bytes() for flow in self.flows):  # noqa: ASYNC110
            await asyncio.sleep(POLL_SECONDS)

    # Connections

    def await_request(self, connection: HttpConnection) -> None:
        """End a connection over which no request has arrived in `request_seconds` from now on."""
        self.awaited.pop(connection, None)
        self.awaited[connection] = loop.time() + self.request_seconds

    def open_websocket(self, connection: HttpConnection, handshake: Request, behind: bytes) -> None:
        """Go on with a WebSocket over a connection's socket; `behind` are the bytes that have come behind its handshake.

        Raises RefusedRequest where the process has no descriptor left.
        """
        protocol = self.ws_factory.buildProtocol(None)
        protocol._raw_query_string = handshake.query
        try:
            transport = ImmediateTransport.take_over(connection.transport, connection.client, protocol)
        except OSError:
            words = "The server has too many connections. Try again."
            raise RefusedRequest(503, "unavailable", words) from None
        lines = [b"%b: %b\r\n" % header for header in handshake.headers]
        head = b"%b %b HTTP/1.1\r\n%b\r\n" % (handshake.method, handshake.target, b"".join(lines))
        protocol.makeConnection(transport)
        self.guard(protocol, lambda: protocol.dataReceived(head + behind))

    # Applications of WebSockets

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Start the application for one WebSocket; return the queue that it receives from."""
        queue = protocol.make_receive_queue()
        scope.setdefault("asgi", {"version": "3.0"})
        task = loop.create_task(self.run_application(protocol, scope, queue))
        self.connections[protocol]["application_instance"] = task
        return queue

    async def run_application(self, protocol: Any, scope: dict[str, Any], queue: Any) -> None:
        """Run one application to its end, and end its exchange where it failed or forgot to."""
        failed = True
        try:
            await self.application(scope, queue.get, functools.partial(self.handle_reply, protocol))
            failed = False
        except Exception as error:
            log_failure("An application", error)
        finally:  # cancelled ones too
            if "disconnected" not in self.connections.get(protocol, {"disconnected": 0}):
                self.guard(protocol, lambda: protocol.application_ended(failed))

    async def handle_reply(self, protocol: Any, message: dict[str, Any]) -> None:
        """Send one event of an application, once the reader has room. Discard it if the connection has ended."""
        flow: FlowControl = protocol.flow
        while flow.full:
            await flow.drained()
        if flow.closed:
            await asyncio.sleep(0)  # an application that never suspends elsewhere could not be cancelled
        else:
            self.sent += 1
            protocol.handle_reply(message)

    def protocol_disconnected(self, protocol: Any) -> None:
        if protocol in self.connections:  # Daphne reports a refused handshake twice
            # By a clock that does not jump, unlike Daphne's.
            self.connections[protocol].setdefault("disconnected", loop.time())

    # Periodic checks: in Daphne's own, a connection that raises ends the check of all others

    def cut_stalled_readers(self) -> None:
        """Abort the connections whose readers accept no bytes."""
        for flow in list(self.watched):
            if flow.stalled_seconds() > self.reader_seconds:
                flow.abort()
        loop.call_later(min(1.0, self.reader_seconds / 4), self.cut_stalled_readers)

    def end_idle_connections(self) -> None:
        """End the connections over which no request has arrived in time."""
        now = loop.time()
        for connection in [
            one for one, until in takewhile(lambda item: item[1] <= now, self.awaited.items())
        ]:
            del self.awaited[connection]
            self.guard(connection, connection.expire)
        loop.call_later(min(1.0, self.request_seconds / 4), self.end_idle_connections)

    def application_checker(self) -> None:
        """Forget the connections that have ended with their applications."""
        for protocol in list(self.connections):
            self.guard(protocol, functools.partial(self.reap, protocol))
        for exchange in self.leaving:
            if exchange.left_at is not None:
                self.cancel_late(exchange.task, exchange.left_at)
        loop.call_later(REAP_SECONDS, self.application_checker)

    def timeout_checker(self) -> None:
        """Send pings to idle WebSockets, and refuse those that were not accepted in time."""
        for protocol in list(self.connections):
            self.guard(protocol, protocol.check_timeouts)
        loop.call_later(TIMEOUT_CHECK_SECONDS, self.timeout_checker)

    def reap(self, protocol: Any) -> None:
        """Forget a connection that has ended with its application. Cancel an application that ends too late."""
        details = self.connections[protocol]
        task, ended = details.get("application_instance"), details.get("disconnected")
        if task and task.done():
            del details["application_instance"]
            task = None
        if ended and not task:
            del self.connections[protocol]
        elif ended:
            self.cancel_late(task, ended)

    def cancel_late(self, application: asyncio.Task[Any], ended: float) -> None:
        """Cancel an application that has not ended long after its connection."""
        seconds = loop.time() - ended
        if seconds > self.application_close_timeout:
            logger.warning("An application was cancelled: its connection ended %d s ago", seconds)
            application.cancel()

    def guard(self, protocol: Any, step: Callable[[], None]) -> None:
        """Run one step of a connection, and abort that connection alone where the step fails."""
        try:
            step()
        except Exception as error:
            log_failure("A connection", error)
            protocol.flow.abort()
            self.protocol_disconnected(protocol)
