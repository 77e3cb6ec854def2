"""The running part of a server process: one object that is started and stopped as a whole."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from chat.accounts.connections import ConnectionRegistry
from chat.accounts.mcp_connections.tokens import StoredTokens
from chat.cleanup import Janitor
from chat.conf import settings
from chat.db.execution import WORKERS, DatabaseThreads
from chat.db.notifications import hearing
from chat.files.embedder import FileEmbedder
from chat.process import process
from chat.responses.manager import ResponseRunner
from chat.responses.notices import Dispatcher
from chat.telemetry import observers, telemetry
from chat.telemetry.sampler import ProcessSampler
from chat.tools import ToolServers

if TYPE_CHECKING:
    from chat.testing.model_server import ModelServer


class Runtime:
    """The responses, the notices of their requests, the background cleanup and the demo model of this process.

    The runner owns the notification listener, the logs and their flusher, the model and tool servers, the token estimates
    and the prompt blobs. All of it belongs to the event loop that starts it.
    """

    def __init__(self) -> None:
        self.responses = ResponseRunner(ToolServers(StoredTokens()))
        self.connections = ConnectionRegistry()
        self._demo: ModelServer | None = None
        self._janitor = Janitor()
        self._embedder = FileEmbedder(self.responses.models)
        self._dispatcher = Dispatcher()
        self._sampler = ProcessSampler(self._figures)
        self._sampling: asyncio.Task[None] | None = None
        self._checking: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[None] | None = None
        self._interests = contextlib.ExitStack()

    async def start(self) -> None:
        """Begin listening, flushing, renewing leases, reaping and cleaning up, if that has not begun."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
        if not self._starting.done():
            await asyncio.shield(self._starting)

    async def _start(self) -> None:
        if settings.demo or not settings.openassistant_base_url:
            from chat.demo import start  # not at the top: it takes 50 ms

            self._demo = await start(c1=settings.page == "c1")
            self.responses.models.demo_url = self._demo.base_url
        listener = self.responses.listener
        listener.on("refused", self.connections.on_access_revoked)
        listener.on("disconnected", self.connections.on_disconnected)
        listener.on("replaced", self.connections.on_session_replaced)
        listener.on("server_connection", lambda facts: self.responses.tool_servers.disconnect(*facts))
        listener.on_reconnect(self.connections.check_all)
        listener.on_reconnect(self.responses.tool_servers.disconnect_users)
        self._checking = asyncio.create_task(self.connections.run())
        await self.responses.start()
        self._janitor.start()
        self._embedder.start()
        self._dispatcher.start()
        if observers():
            listener.on("clock", self._sampler.on_clock)
            self._interests.enter_context(hearing(self._sampler.subject))
            self._sampling = asyncio.create_task(self._sampler.run())

    def _figures(self) -> dict[str, float]:
        threads = process.part(DatabaseThreads)
        pool = {"chat_database_jobs": threads.jobs, "chat_database_threads": WORKERS}
        return {**self.responses.figures(), **self.connections.figures(), **pool}

    async def stop(self) -> None:
        """End the running responses as `interrupted`, notify their readers, and stop all background work."""
        self._janitor.stop()
        self._embedder.stop()
        for task in (self._checking, self._sampling):
            if task is not None:
                task.cancel()
        await asyncio.gather(self.responses.drain(), self._dispatcher.stop())
        if self._demo is not None:
            await self._demo.close()
        if metrics := telemetry().metrics:
            metrics.catch_up()
        if traces := telemetry().traces:
            await asyncio.to_thread(traces.close)


async def current() -> Runtime:
    """Return the runtime of this process, started when it is first needed."""
    runtime = process.part(Runtime)
    await runtime.start()
    return runtime


async def finish() -> None:
    """Wait for the end of the responses that run in this process, if its runtime was started."""
    runtime = process.existing(Runtime)
    if runtime is not None:
        await runtime.responses.finish()


async def stop() -> None:
    """Stop the runtime of this process, if it was started."""
    runtime = process.existing(Runtime)
    if runtime is not None:
        await runtime.stop()
