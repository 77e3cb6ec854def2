"""Command `python -m chatproject.server --fd N`: Daphne on inherited sockets, with bounded memory.

The application may have two attributes, both `Callable[[], Awaitable[None]]`: `on_startup`, run beside the
first requests, and `on_shutdown`, run to its end before any connection is closed.
"""

# mypy: disable-error-code="no-untyped-call,import-untyped,misc"
# Daphne is half typed at most.

# ruff: noqa: E402

from __future__ import annotations

import gc

# Nothing that is imported is garbage: to look for it takes a quarter of the start's CPU (1.06 s, 0.80 s without).
gc.disable()

# First of all, for it installs the reactor.
from chatproject.server import loop  # isort: skip

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Sequence

from daphne.utils import import_by_path
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from chatproject.server.balance import Balance
from chatproject.server.http import REQUEST_SECONDS
from chatproject.server.server import BODY_BYTES, DaphneServer

# New objects before Python searches them for cycles, of which few arise here. With Python's own 700, and with the
# objects of the start searched too, that was 5.5 % of the CPU at 150 prompts a second (perf, two runs), against 1.7 %.
GARBAGE_OBJECTS = 10_000


def stop_with_parent(server: DaphneServer) -> None:
    """Stop the server at the end of the standard input, a pipe that only the parent holds open."""

    def read() -> None:
        if not os.read(0, 1024):
            loop.remove_reader(0)
            server.stop()

    loop.add_reader(0, read)


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m chatproject.server", description=__doc__.split("\n")[0])
    parser.add_argument("--fd", type=int, action="append", required=True, help="inherited listening socket")
    parser.add_argument(
        "--balance",
        type=int,
        nargs=2,
        metavar=("FD", "INDEX"),
        help="inherited file of connection counts, and the index of this process in it",
    )
    parser.add_argument(
        "--ready-fd", type=int, help="inherited pipe that gets a line once this process can serve"
    )
    parser.add_argument("--application", default="chatproject.asgi:application", help="module:name")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when the standard input ends")
    parser.add_argument(
        "--reader-seconds",
        type=float,
        default=settings.CHAT_READER_SECONDS,
        help="for a reader that takes nothing",
    )
    parser.add_argument(
        "--request-seconds", type=float, default=REQUEST_SECONDS, help="for a request to arrive"
    )
    parser.add_argument("--body-bytes", type=int, default=BODY_BYTES, help="largest request body")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until a signal or the parent's end; return the exit code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatproject.settings")
    given = arguments(argv)
    asyncio.set_event_loop(loop)
    try:
        sockets = [socket.socket(fileno=fd) for fd in given.fd]
        balance = Balance(*given.balance) if given.balance else None
    except OSError as error:
        sys.stderr.write(f"--fd is no socket, or --balance no file of counts: {error}\n")
        return 2
    application = import_by_path(given.application)
    gc.freeze()  # modules and classes stay to the end
    gc.set_threshold(GARBAGE_OBJECTS)
    gc.enable()
    limits = {
        name: getattr(given, name) for name in ("reader_seconds", "request_seconds", "body_bytes", "ready_fd")
    }
    server = DaphneServer(application, sockets, balance, **limits)
    if given.exit_with_parent:
        stop_with_parent(server)
    server.run()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except ImproperlyConfigured as mistake:
        sys.exit(str(mistake))
