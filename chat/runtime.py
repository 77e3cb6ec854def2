"""The state of one server process: one object that is started and stopped as a whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chat.cleanup import Janitor
from chat.conf import settings
from chat.responses.manager import ResponseRunner

if TYPE_CHECKING:
    from chat.testing.model_server import ModelServer


class Runtime:
    """Responses and background cleanup of this process. It belongs to the event loop that starts it."""

    def __init__(self) -> None:
        self.responses = ResponseRunner()
        self._demo: ModelServer | None = None
        self._janitor = Janitor()

    async def start(self) -> None:
        """Begin listening, flushing, renewing leases, reaping and cleaning up."""
        if settings.demo or not settings.openassistant_base_url:
            from chat.demo import start  # not at the top: it takes 50 ms

            self._demo = await start(c1=settings.page == "c1")
            self.responses.models.demo_url = self._demo.base_url
        await self.responses.start()
        self._janitor.start()

    async def stop(self) -> None:
        """End the responses that run here as `interrupted`, tell their readers, and stop all background work."""
        self._janitor.stop()
        await self.responses.drain()
        if self._demo is not None:
            await self._demo.close()


_current: Runtime | None = None


async def current() -> Runtime:
    """Return the runtime of this process, started when it is first needed."""
    global _current  # noqa: PLW0603 - the one place where a process keeps its state
    if _current is None:
        _current = Runtime()
        await _current.start()
    return _current


async def stop() -> None:
    """Stop the runtime of this process, if it was started."""
    if _current is not None:
        await _current.stop()


def readers(response: int) -> int:
    """Count the readers of a response's log in this process. Callable from any thread."""
    return 0 if _current is None else _current.responses.logs.readers(response)
