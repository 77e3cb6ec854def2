"""The listening port, and the transports of the connections that it accepts."""

# mypy: disable-error-code="no-untyped-call,import-untyped,misc"
# ruff: noqa: N802
# Twisted is half typed at most, and its names are its own.

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from typing import Any

from twisted.internet import tcp
from twisted.internet.main import CONNECTION_LOST

from chatproject.server import loop
from chatproject.server.balance import AHEAD, Balance

# Seconds for another process to accept a connection: a few turns of a busy event loop. It may hang, or be starting.
LEAVE_SECONDS = 0.004


class ImmediateTransport(tcp.Server):
    """A transport that hands bytes to the kernel at once and notices every reset.

    Twisted's own waits for the reactor to report even an idle socket as writable: another turn of the event loop for
    each delta.
    """

    def doRead(self) -> Any:
        """Deliver the data that has arrived, and report a reset that arrived behind it.

        uvloop calls this once after a reset and then closes its poll handle: no later call would report it.
        """
        reset = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return super().doRead() or (CONNECTION_LOST if reset else None)

    def connectionLost(self, reason: Any) -> None:
        super().connectionLost(reason)
        # Cycles keep this object until Python's next search for them; it need not keep unsent data too.
        self._tempDataBuffer.clear()
        self.dataBuffer, self._tempDataLen, self.offset = b"", 0, 0

    def write(self, data: bytes) -> None:
        """Send the part that the kernel takes; leave the rest, and all that follows, to Twisted's buffer."""
        if (
            data
            and self.connected
            and not (self.dataBuffer or self._tempDataBuffer or self._writeDisconnected)
        ):
            try:
                sent = self.socket.send(data)
            except OSError as problem:
                if problem.errno not in (errno.EAGAIN, errno.ENOBUFS):
                    # The error is reported once: the reactor would never learn of it.
                    self.abortConnection()
                    return
                sent = 0
            data = data[sent:]
        if data:
            super().write(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        self.write(b"".join(iovec))


class Port(tcp.Port):
    """A listening port. With a `balance` it accepts as many connections as the other processes on its socket."""

    transport = ImmediateTransport
    balance: Balance | None = None

    def doRead(self) -> None:
        """Accept connections, or leave them to a process that has fewer."""
        if self.balance is None:
            super().doRead()
            return
        self.balance.record(len(self.factory.server.flows))
        if room := self.balance.room():
            self._accept(self.balance, room)
        else:
            self.stopReading()
            loop.call_later(LEAVE_SECONDS, self._accept_leftovers, self.balance)

    def _accept(self, balance: Balance, most: int) -> None:
        self.numberAccepts = most
        super().doRead()
        balance.record(len(self.factory.server.flows))

    def _accept_leftovers(self, balance: Balance) -> None:
        """Accept the connections that no other process accepted in time."""
        if self.connected and not self.disconnecting:
            self.startReading()
            self._accept(balance, AHEAD)
