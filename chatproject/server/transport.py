"""The transport of WebSockets, whose protocol is Twisted's."""

# mypy: disable-error-code="no-untyped-call,import-untyped,misc"
# ruff: noqa: N802
# Twisted is half typed at most, and its names are its own.

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable
from typing import Any

from twisted.internet import reactor, tcp
from twisted.internet.main import CONNECTION_LOST


class ImmediateTransport(tcp.Server):
    """A transport that hands bytes to the kernel at once and notices every reset.

    Twisted's own waits for the reactor to report even an idle socket as writable: another turn of the event loop for
    each delta.
    """

    @classmethod
    def take_over(cls, transport: Any, client: Any, protocol: Any) -> ImmediateTransport:
        """Return one for the socket of a transport of asyncio's, which ends without closing the connection."""
        descriptor = os.dup(transport.get_extra_info("socket").fileno())
        transport.abort()
        taken = cls(socket.socket(fileno=descriptor), protocol, client, None, 0, reactor)
        taken.repstr = cls.__name__  # Twisted names a transport by its port, and this has none
        return taken

    def get_write_buffer_size(self) -> int:
        """Return the number of bytes that the kernel does not have yet, as transports of asyncio do."""
        return int(len(self.dataBuffer) - self.offset + self._tempDataLen)

    def abort(self) -> None:
        self.abortConnection()

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
