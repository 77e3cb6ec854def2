"""A collector of OpenTelemetry that takes everything and keeps nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager

from tests.fixtures.http_thread import ThreadHandler, ThreadServer, in_thread


class _Handler(ThreadHandler):
    def respond(self) -> None:
        self.body()
        self.answer(200)


def collector() -> AbstractContextManager[ThreadServer]:
    """Return a context manager that serves on a free port of this machine."""
    return in_thread(ThreadServer(_Handler))
