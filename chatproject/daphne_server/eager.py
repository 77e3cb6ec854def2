"""A connection that hands the kernel its bytes at once."""

# mypy: disable-error-code="no-untyped-call,import-untyped,misc"
# Twisted is half typed at most, and its names are its own.

from __future__ import annotations

from collections.abc import Iterable

from twisted.internet.tcp import Server


class Eager(Server):
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

    def writeSequence(self, iovec: Iterable[bytes]) -> None:  # noqa: N802
        self.write(b"".join(iovec))
