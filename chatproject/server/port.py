"""The listening port: it accepts connections, and leaves them to other processes that have fewer."""

from __future__ import annotations

import asyncio
import errno
import functools
import logging
import socket
from typing import TYPE_CHECKING, Any

from chatproject.server import loop
from chatproject.server.balance import AHEAD, Balance
from chatproject.server.http import HttpConnection

if TYPE_CHECKING:
    from chatproject.server.server import DaphneServer

logger = logging.getLogger(__name__)

# Seconds for another process to accept a connection: a few turns of a busy event loop. It may hang, or be starting.
LEAVE_SECONDS = 0.004

# Seconds without accepting, where descriptors or memory have run out: clients wait in the kernel's queue.
PAUSE_SECONDS = 0.5

# A connection that was reset before it was accepted, or none there any more.
GONE = (errno.EAGAIN, errno.ECONNABORTED, errno.EPROTO, errno.EPERM, errno.EINTR)


class Port:
    """A listening port. With a `balance` it accepts as many connections as the other processes on its socket."""

    def __init__(self, listener: socket.socket, server: DaphneServer, balance: Balance | None) -> None:
        self._listener, self._server, self._balance = listener, server, balance
        self._opening = set[asyncio.Task[Any]]()
        self._closed = False
        listener.setblocking(False)
        self._read()

    def close(self) -> None:
        """Accept no more connections."""
        if not self._closed:
            self._closed = True
            loop.remove_reader(self._listener)
            self._listener.close()

    def _read(self) -> None:
        if not self._closed:
            loop.add_reader(self._listener, self._on_readable)

    def _on_readable(self) -> None:
        """Accept connections, or leave them to a process that has fewer."""
        if self._balance is None:
            # One by one: to find none behind it takes a system call and an exception.
            self._accept(1)
            return
        self._balance.record(self._connections())
        if room := self._balance.room():
            self._accept_of(self._balance, room)
        else:
            loop.remove_reader(self._listener)
            loop.call_later(LEAVE_SECONDS, self._accept_leftovers, self._balance)

    def _connections(self) -> int:
        return len(self._server.flows) + len(self._opening)

    def _accept_of(self, balance: Balance, most: int) -> None:
        self._accept(most)
        balance.record(self._connections())

    def _accept_leftovers(self, balance: Balance) -> None:
        """Accept the connections that no other process accepted in time."""
        if not self._closed:
            self._read()
            self._accept_of(balance, AHEAD)

    def _accept(self, most: int) -> None:
        for _ in range(most):
            try:
                accepted, address = self._listener.accept()
            except OSError as problem:
                if problem.errno not in GONE:
                    self._pause(problem)
                return
            accepted.setblocking(False)
            connection = functools.partial(HttpConnection, self._server, address, accepted.fileno())
            opening = loop.create_task(loop.connect_accepted_socket(connection, accepted))
            self._opening.add(opening)
            opening.add_done_callback(self._opening.discard)

    def _pause(self, problem: OSError) -> None:
        logger.error("no connection was accepted for %s s: %s", PAUSE_SECONDS, problem.strerror)
        loop.remove_reader(self._listener)
        loop.call_later(PAUSE_SECONDS, self._read)
