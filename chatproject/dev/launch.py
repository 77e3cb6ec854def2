"""What starts the processes of a server: all on the same listening sockets."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable
from contextlib import ExitStack

from chatproject.server import balance


class Launch:
    """`commands` start one process each, given the `descriptors`, until `close`: again where one has died."""

    def __init__(self, listeners: Iterable[socket.socket], count: int) -> None:
        sockets = [listener.fileno() for listener in listeners]
        command = [sys.executable, "-m", "chatproject.server", "--exit-with-parent"]
        for descriptor in sockets:
            command += ["--fd", str(descriptor)]
        self.commands, self.descriptors = [command], sockets
        self._shared = ExitStack()
        if count > 1:
            shared = self._shared.enter_context(balance.shared(count)).fileno()
            self.commands = [[*command, "--balance", str(shared), str(place)] for place in range(count)]
            self.descriptors = [*sockets, shared]

    def close(self) -> None:
        self._shared.close()
