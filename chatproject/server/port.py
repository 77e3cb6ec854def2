"""The port that connections come to, and what they become: transports that hand the kernel their bytes at once."""

# mypy: disable-error-code="no-untyped-call,import-untyped,misc"
# ruff: noqa: N802
# Twisted is half typed at most, and its names are its own.

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet import tcp

from chatproject.server import loop
from chatproject.server.balance import AHEAD, Balance

LEAVE_SECONDS = 0.004
"""So long a connection is left to another process: twice what one that relays much pauses (`chat/llm/http/coalescing.py`).
That one may hang, or be about to start.
"""


class Eager(tcp.Server):
    """Twisted's waits for the reactor to report the socket writable, even an idle one: another turn of the loop per delta."""

    def write(self, data: bytes) -> None:
        """Send what the kernel takes; the rest, and what comes after it, waits as Twisted has it."""
        if (
            data
            and self.connected
            and not (self.dataBuffer or self._tempDataBuffer or self._writeDisconnected)
        ):
            sent = self.writeSomeData(data)
            if isinstance(
                sent, int
            ):  # else the connection is lost, which the next turn finds out in the usual way
                data = data[sent:]
        if data:
            super().write(data)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:
        self.write(b"".join(iovec))


class Port(tcp.Port):
    """Takes connections, of those that come to several processes as many as the others. Its factory has a `server`."""

    transport = Eager
    balance: Balance | None = None

    def doRead(self) -> None:
        """There are some."""
        if self.balance is None:
            super().doRead()
            return
        self.balance.note(len(self.factory.server.outbounds))
        self._take(self.balance, self.balance.room())

    def _take(self, balance: Balance, most: int) -> None:
        if most:
            self.numberAccepts = most
            super().doRead()
            balance.note(len(self.factory.server.outbounds))
        else:
            self.stopReading()
            loop.call_later(LEAVE_SECONDS, self._take_what_was_left, balance)

    def _take_what_was_left(self, balance: Balance) -> None:
        if self.connected and not self.disconnecting:
            self.startReading()
            self._take(balance, AHEAD)
