"""One MCP server in this process: connected at the first need, its tools offered like registered ones.

The package `mcp` takes a second to import, so it is imported at the first need. Its client must be entered and left in
one task: `_live`.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import re
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from chat.tools.mcp_spec import McpSpec
from chat.tools.registry import Tool, tool_schema
from chat.tools.schema import BadArguments

logger = logging.getLogger(__name__)

# For a command to start and list its tools; `npx` and the like take some seconds.
CONNECT_SECONDS = 10.0
# A response waits this long for a server that is starting; then it goes on without its tools.
RECONNECT_WAIT_SECONDS = 3.0
# After a failed start, before the next attempt.
RETRY_SECONDS = 30.0
# Of one server; a model's context holds them all with every request.
MAX_TOOLS = 64
# JSON-RPC: method not found, invalid params, internal error; the server is still alive.
CALLER_ERROR_CODES = {-32601, -32602, -32603}


class McpServer:
    """A server of CHAT_MCP; `tools` is empty while it is not connected."""

    def __init__(self, name: str, spec: McpSpec) -> None:
        self.name, self._spec = name, spec
        self.tools: dict[str, Tool] = {}
        self._client: Any = None
        self._living: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()
        # Set once a connection is made or has failed.
        self._settled = asyncio.Event()
        self._failed_at = -RETRY_SECONDS

    @property
    def state(self) -> str:
        """Return the state of the connection in words for the admin."""
        if self._client is not None:
            return "connected"
        if self._living is not None:
            return "connecting"
        return "away" if self._settled.is_set() else "not needed yet"

    async def offered(self) -> dict[str, Tool]:
        """Return the tools, after an attempt to connect if needed. Raises nothing except CancelledError."""
        if self._living is None and time.monotonic() - self._failed_at >= RETRY_SECONDS:
            self._gone, self._settled = asyncio.Event(), asyncio.Event()
            self._living = asyncio.create_task(self._live())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RECONNECT_WAIT_SECONDS):
                await self._settled.wait()
        return self.tools

    async def close(self) -> None:
        """End the connection, and the command with it."""
        self._gone.set()
        if self._living is not None:
            await asyncio.wait([self._living])

    async def _live(self) -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS) as connecting, self._connected() as client:
                self.tools = await self._listed(client)
                self._client = client
                connecting.reschedule(None)
                self._settled.set()
                logger.info("action=mcp_connected server=%s tools=%d", self.name, len(self.tools))
                await self._gone.wait()
        except Exception as problem:
            # Foreign code on the other side of a pipe or a network: its tools are lost, nothing else.
            logger.warning("action=mcp_lost server=%s reason=%s", self.name, type(problem).__name__)
        finally:
            if not self._client:
                self._failed_at = time.monotonic()
            self.tools, self._client, self._living = {}, None, None
            self._settled.set()

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[Any]:
        mcp = await asyncio.to_thread(importlib.import_module, "mcp")
        async with contextlib.AsyncExitStack() as stack:
            transport = await self._transport(mcp, stack)
            yield await stack.enter_async_context(mcp.Client(transport))

    async def _transport(self, mcp: Any, stack: contextlib.AsyncExitStack) -> Any:
        spec = self._spec
        if spec.url:
            over_http = importlib.import_module("mcp.client.streamable_http")
            headers = {"Authorization": f"Bearer {spec.api_key}"} if spec.api_key else {}
            http = await stack.enter_async_context(
                httpx2.AsyncClient(headers=headers, timeout=CONNECT_SECONDS)
            )
            return over_http.streamable_http_client(spec.url, http_client=http)
        command, *arguments = spec.command
        parameters = mcp.StdioServerParameters(command=command, args=arguments, env=spec.env)
        # The command's messages may quote arguments, which must not reach the log.
        null = stack.enter_context(Path(os.devnull).open("w"))  # noqa: ASYNC230, SIM115 - the null device never blocks, and the stack closes it
        return mcp.stdio_client(parameters, errlog=null)

    async def _listed(self, client: Any) -> dict[str, Tool]:
        found: dict[str, Tool] = {}
        cursor = None
        while len(found) < MAX_TOOLS:
            page = await client.list_tools(cursor=cursor)
            for told in page.tools[: MAX_TOOLS - len(found)]:
                one = self._tool(told)
                found.setdefault(one.name, one)
            cursor = page.next_cursor
            if not cursor:
                break
        return found

    def _tool(self, told: Any) -> Tool:
        name = re.sub("[^A-Za-z0-9_-]", "_", f"{self.name}_{told.name}")[:64]
        return Tool(
            name=name,
            function=partial(self._call, told.name),
            parse=_object,
            schema=tool_schema(name, told.description or told.name, told.input_schema),
            seconds=self._spec.seconds,
            permission=self._spec.permission,
        )

    async def _call(self, name: str, /, **arguments: Any) -> str:
        client = self._client
        if client is None:
            raise ConnectionError("its server is away")
        try:
            result = await client.call_tool(name, arguments)
        except Exception as problem:
            if getattr(problem, "code", None) not in CALLER_ERROR_CODES:
                self._lose(client)
            raise
        words = _words(result)
        if result.is_error:
            raise RuntimeError(words)
        return words

    def _lose(self, client: Any) -> None:
        """Give the connection up; the next response makes a new one. Another call may have done so already."""
        if client is self._client:
            self.tools = {}
            self._gone.set()


def _object(text: str) -> dict[str, Any]:
    """Return the arguments unchecked: the server validates them by its own schema. Raises BadArguments."""
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as problem:
        raise BadArguments(str(problem)) from None


def _words(result: Any) -> str:
    """Return the texts of a result; the type of any other block stands in brackets."""
    parts = [getattr(block, "text", None) or f"[{block.type}]" for block in result.content]
    if not parts and result.structured_content is not None:
        return msgspec.json.encode(result.structured_content).decode()
    return "\n".join(parts)
