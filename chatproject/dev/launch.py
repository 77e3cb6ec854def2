"""The commands that start the processes of a server, all on the same listening sockets."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterable
from contextlib import ExitStack

from chatproject.server import balance


class Launch:
    """The `commands` of `count` processes and the `descriptors` that they inherit, usable until `close`."""

    def __init__(self, listeners: Iterable[socket.socket], count: int) -> None:
        sockets = [listener.fileno() for listener in listeners]
        command = [sys.executable, "-m", "chatproject.server", "--exit-with-parent"]
        for descriptor in sockets:
            command += ["--fd", str(descriptor)]
        self.commands, self.descriptors = [command], sockets
        self._shared = ExitStack()
        if count > 1:
            counts = self._shared.enter_context(balance.create_counts(count)).fileno()
            self.commands = [[*command, "--balance", str(counts), str(index)] for index in range(count)]
            self.descriptors = [*sockets, counts]

    def close(self) -> None:
        self._shared.close()
