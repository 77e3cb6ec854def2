"""One connection to an MCP server: its transport, the list of its tools, and its end.

The package `mcp` takes a second to import, so it is imported at the first need. Its client must be entered and left in one
task: `_run`.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import time
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Self

import httpx2

from chat.process import process
from chat.tools.mcp.spec import McpSpec

logger = logging.getLogger(__name__)

# For a command to start and list its tools; `npx` and the like take some seconds. Also for a new list, and for the end.
CONNECT_SECONDS = 10.0
# Before a subscription that was lost is renewed.
RESUBSCRIBE_SECONDS = 30.0
# Of one server: as many as providers take in one request.
MAX_TOOLS = 128
# Statuses of a server that has lost the session: by the specification 404, by several servers 400.
SESSION_LOST_STATUSES = (400, 404)


class ConnectionTasks:
    """The tasks of all connections, those that are ending included: the event loop holds only weak references to them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, task: asyncio.Task[None]) -> None:
        """Hold a task until it is done."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class HttpRequest:
    """A call's request over HTTP; `session_lost` once the server has refused it for a session that it does not know."""

    def __init__(self) -> None:
        self.session_lost = False


# The task that posts a request runs in a copy of its caller's context.
current_request: ContextVar[HttpRequest] = ContextVar("current_request")


class HttpClient(httpx2.AsyncClient):
    """An HTTP client that records refused sessions in `current_request`."""

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        response = await super().send(request, **options)
        if "mcp-session-id" in request.headers and response.status_code in SESSION_LOST_STATUSES:
            current_request.get(HttpRequest()).session_lost = True
        return response


class WatchedStream:
    """A stream of messages from a server that reports its end."""

    def __init__(self, stream: Any, on_end: Callable[[], None]) -> None:
        self._stream, self._on_end = stream, on_end

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def __aenter__(self) -> Self:
        await self._stream.__aenter__()
        return self

    async def __aexit__(self, *error: Any) -> Any:
        return await self._stream.__aexit__(*error)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self._stream.__anext__()
        except StopAsyncIteration:
            self._on_end()
            raise


class Connection:
    """A connection from its start to its end; `listed` are the server's tools, `client` is None before the first list.

    `settled` is set while the list is current, and after the end, which is at `ended_at` of the monotonic clock.
    """

    def __init__(self, name: str, spec: McpSpec) -> None:
        self._name, self._spec = name, spec
        self.client: Any = None
        self.listed: list[Any] = []
        self.truncated = False
        self.ended_at: float | None = None
        self.settled = asyncio.Event()
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._run())
        process.part(ConnectionTasks).add(self._task)

    def end(self) -> None:
        """End the connection, and the command with it, in the background."""
        if self.ended_at is None:
            self.ended_at = time.monotonic()
        self.settled.set()
        self._wake.set()

    async def closed(self) -> None:
        """Wait until the connection is closed."""
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_SECONDS) as deadline, self._entered() as client:
                while self.ended_at is None:
                    self._wake.clear()
                    await self._list(client)
                    deadline.reschedule(None)
                    await self._wake.wait()
                    deadline.reschedule(loop.time() + CONNECT_SECONDS)
        except Exception as problem:
            # Foreign code on the other side of a pipe or a network: only its tools are lost.
            logger.warning("action=mcp_lost server=%s reason=%s", self._name, type(problem).__name__)
        finally:
            self.end()

    async def _list(self, client: Any) -> None:
        listed: list[Any] = []
        cursor = None
        while len(listed) <= MAX_TOOLS:
            page = await client.list_tools(cursor=cursor)
            listed += page.tools
            cursor = page.next_cursor
            if not cursor:
                break
        self.truncated = len(listed) > MAX_TOOLS
        self.listed, self.client = listed[:MAX_TOOLS], client
        logger.info("action=mcp_listed server=%s tools=%d", self._name, len(self.listed))
        if self.truncated:
            logger.warning("action=mcp_tools_left_out server=%s offered=%d", self._name, MAX_TOOLS)
        if not self._wake.is_set():
            self.settled.set()

    def _changed(self) -> None:
        self.settled.clear()
        self._wake.set()

    async def _on_message(self, message: Any) -> None:
        if getattr(message, "method", "") == "notifications/tools/list_changed":
            self._changed()

    @contextlib.asynccontextmanager
    async def _entered(self) -> AsyncIterator[Any]:
        mcp = await asyncio.to_thread(importlib.import_module, "mcp")
        async with contextlib.AsyncExitStack() as stack:
            transport = self._watched(await self._transport(mcp, stack))
            # Without a cache: a list is fetched only where it is new.
            client = mcp.Client(transport, message_handler=self._on_message, cache=None)
            await stack.enter_async_context(client)
            subscription = asyncio.create_task(self._subscribe(client))
            try:
                yield client
            finally:
                subscription.cancel()
                await asyncio.wait([subscription])

    @contextlib.asynccontextmanager
    async def _watched(self, transport: Any) -> AsyncIterator[Any]:
        async with transport as (messages, requests):
            yield WatchedStream(messages, self.end), requests

    async def _transport(self, mcp: Any, stack: contextlib.AsyncExitStack) -> Any:
        spec = self._spec
        if spec.url:
            over_http = importlib.import_module("mcp.client.streamable_http")
            headers = {"Authorization": f"Bearer {spec.api_key}"} if spec.api_key else {}
            # A call has a deadline of its own, and the stream of notifications none.
            timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
            http = await stack.enter_async_context(HttpClient(headers=headers, timeout=timeout))
            return over_http.streamable_http_client(spec.url, http_client=http)
        command, *arguments = spec.command
        parameters = mcp.StdioServerParameters(command=command, args=arguments, env=spec.env)
        # The command's messages may quote arguments, which must not reach the log.
        null = stack.enter_context(Path(os.devnull).open("w"))  # noqa: ASYNC230, SIM115 - the null device never blocks, and the stack closes it
        return mcp.stdio_client(parameters, errlog=null)

    async def _subscribe(self, client: Any) -> None:
        """Follow changes of the list by a subscription, which the protocol has since 2026-07-28; older servers notify."""
        subscriptions = importlib.import_module("mcp.client.subscriptions")
        while True:
            try:
                async with client.listen(tools_list_changed=True) as changes:
                    async for _ in changes:
                        self._changed()
            except subscriptions.SubscriptionLost:
                self._changed()
            except Exception as problem:
                # A server without subscriptions keeps its list.
                logger.debug(
                    "action=mcp_unsubscribed server=%s reason=%s", self._name, type(problem).__name__
                )
                return
            await asyncio.sleep(RESUBSCRIBE_SECONDS)
