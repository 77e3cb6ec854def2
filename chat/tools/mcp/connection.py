"""One connection to an MCP server: its transport, the list of its tools, and its end.

The package `mcp` takes a second, so it is imported at the first need. Its client is entered and left in one task: `_run`.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import Context
from typing import Any

import httpx2

from chat.llm.http.request_head import ProxiedTransport, trusted_certificates
from chat.process import process
from chat.tools.mcp import elicitation
from chat.tools.mcp.calls import RunningCall, current_call
from chat.tools.mcp.http import HttpClient
from chat.tools.mcp.incoming import ReplyStream, WatchedStream
from chat.tools.mcp.pace import Pace
from chat.tools.mcp.spec import McpSpec

logger = logging.getLogger(__name__)

# For a command to start and list its tools; `npx` and the like take some seconds. Also for a new list, and for the end.
CONNECT_SECONDS = 10.0
# Before a subscription that was lost is renewed.
RESUBSCRIBE_SECONDS = 30.0
# Of one server: as many as providers take in one request.
MAX_TOOLS = 128
# Requests for one list: a server may give a few tools at a time.
MAX_PAGES = 32
# Lists that a server may change in these seconds before it has to wait; some announce each tool that they add.
LISTS, LISTS_SECONDS = 10, 10.0
# Rounds in which a server of the protocol since 2026-07-28 asks for input or just for time. The questions among them are
# counted by us, and the time is the call's.
INPUT_ROUNDS = 10_000


class ConnectionTasks:
    """The tasks of all connections, those that are ending included: the event loop holds only weak references to them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def add(self, task: asyncio.Task[None]) -> None:
        """Hold a task until it is done."""
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


class Connection:
    """A connection from its start to its end; `listed` are the server's tools, `client` is None before the first list.

    `settled` is set while the list is current, and after the end, which is at `ended_at` of the monotonic clock.
    """

    def __init__(self, name: str, spec: McpSpec, auth: httpx2.Auth | None = None) -> None:
        self._name, self._spec, self._auth = name, spec, auth
        self.client: Any = None
        self.listed: list[Any] = []
        self.truncated = False
        self.ended_at: float | None = None
        self.settled = asyncio.Event()
        self._wake = asyncio.Event()
        self._calls: set[RunningCall] = set()
        # None while calls may run at once.
        self._turn: asyncio.Lock | None = None
        # The server may go on with a call whose result is no longer awaited.
        self._gave_up_call = False
        self._lists = Pace(LISTS, LISTS_SECONDS)
        # Without the context of the call that needed it first, whose requests it outlives.
        self._task = asyncio.create_task(self._run(), context=Context())
        process.part(ConnectionTasks).add(self._task)

    def end(self) -> None:
        """End the connection, and the command with it, in the background."""
        if self.ended_at is None:
            self.ended_at = time.monotonic()
        self.settled.set()
        self._wake.set()

    def retire(self) -> None:
        """Take no more calls, and end the connection with the last one that runs."""
        if self._calls and self.ended_at is None:
            self.ended_at = time.monotonic()
            self.settled.set()
        else:
            self.end()

    async def run(self, call: RunningCall, request: Callable[[Any], Awaitable[Any]]) -> Any:
        """Return the result of a request of the client, in whose course the server may ask the user.

        Raise the server's error, or the problem for which the call was stopped.
        """
        current_call.set(call)
        async with self._turn or contextlib.nullcontext():
            self._calls.add(call)
            try:
                return await call.result_of(request(self.client))
            except asyncio.CancelledError:
                # A server that does not say which call asks may go on with this one, and ask while that of another user runs.
                self._gave_up_call = True
                if self._turn is not None:
                    self.end()
                raise
            finally:
                self._calls.discard(call)
                if self.ended_at is not None and not self._calls:
                    self.end()

    @property
    def is_closed(self) -> bool:
        """Return whether the connection is closed, and the command of it has ended."""
        return self._task.done()

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
                    await self._wait(self._lists.pause())
                    deadline.reschedule(loop.time() + CONNECT_SECONDS)
        except Exception as problem:
            # Foreign code on the other side of a pipe or a network: only its tools are lost.
            logger.warning("action=mcp_lost server=%s reason=%s", self._name, type(problem).__name__)
        finally:
            self.end()

    async def _wait(self, seconds: float) -> None:
        """Let a server wait whose list changes all the time. Meanwhile the former list counts as current."""
        if seconds <= 0:
            return
        logger.warning("action=mcp_lists_too_often server=%s pause_s=%.0f", self._name, seconds)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.ended_at is None:
                    self.settled.set()
                    self._wake.clear()
                    await self._wake.wait()

    async def _list(self, client: Any) -> None:
        listed: list[Any] = []
        cursors: list[str] = []
        cursor = None
        while len(listed) <= MAX_TOOLS and len(cursors) < MAX_PAGES:
            page = await client.list_tools(cursor=cursor)
            listed += page.tools
            cursor = page.next_cursor
            # A cursor that comes again leads in a circle.
            if not cursor or cursor in cursors:
                break
            cursors.append(cursor)
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

    async def _on_elicitation(self, _: Any, params: Any) -> Any:
        call = self._asking_call()
        if call is None:
            return elicitation.error("It is unknown which call asks. Make it again while no other one runs.")
        return await elicitation.reply(call, params)

    def _asking_call(self) -> RunningCall | None:
        """Return the call in which the server asks: that whose stream brings the question, else the only one that runs.

        Servers on standard input and output do not say which call it is, before 2026-07-28. To ask another user would give
        the answer away, so from the first such question on calls run one at a time, and after a call that was given up the
        server is started anew.
        """
        call = current_call.get(None)
        if call is not None:
            return call if call in self._calls else None
        self._turn = self._turn or asyncio.Lock()
        if self._gave_up_call:
            self.retire()
            return None
        return next(iter(self._calls)) if len(self._calls) == 1 else None

    @contextlib.asynccontextmanager
    async def _entered(self) -> AsyncIterator[Any]:
        mcp = await asyncio.to_thread(importlib.import_module, "mcp")
        async with contextlib.AsyncExitStack() as stack:
            transport = self._watched(await self._transport(mcp, stack))
            # Without a cache: a list is fetched only where it is new.
            client = mcp.Client(
                transport,
                message_handler=self._on_message,
                elicitation_callback=self._on_elicitation,
                input_required_max_rounds=INPUT_ROUNDS,
                cache=None,
            )
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
            watched = WatchedStream(messages, self._name, self.end)
            yield watched, ReplyStream(requests, watched)

    async def _transport(self, mcp: Any, stack: contextlib.AsyncExitStack) -> Any:
        spec = self._spec
        if spec.url:
            over_http = importlib.import_module("mcp.client.streamable_http")
            headers = {
                "Accept-Encoding": "identity",
                **({"Authorization": f"Bearer {spec.api_key}"} if spec.api_key else {}),
            }
            # A call has a deadline of its own, and the stream of notifications none.
            timeout = httpx2.Timeout(None, connect=CONNECT_SECONDS)
            certificates = await asyncio.to_thread(trusted_certificates)
            http = await stack.enter_async_context(
                HttpClient(
                    transport=ProxiedTransport(certificates),
                    headers=headers,
                    timeout=timeout,
                    auth=self._auth,
                )
            )
            # Its own bound of an event is of bytes alone; the client's is of bytes and values.
            return over_http.streamable_http_client(spec.url, http_client=http, max_sse_event_size=None)
        commands = importlib.import_module("chat.tools.mcp.command")
        return commands.command_client(spec.command, spec.env or {})

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
