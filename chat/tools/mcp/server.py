"""One MCP server in this process: connected at the first need, its tools offered like registered ones."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Collection
from functools import partial
from typing import Any

import msgspec

from chat.tools.mcp.connection import MAX_TOOLS, Connection, HttpRequest, current_request
from chat.tools.mcp.spec import McpSpec
from chat.tools.mcp.tools import distinct_names, result_text
from chat.tools.registry import Tool, tool_schema
from chat.tools.schema import BadArguments

# A response waits this long for a server that is starting; then it goes on without its tools.
RECONNECT_WAIT_SECONDS = 3.0
# After a failed start, before the next attempt.
RETRY_SECONDS = 30.0
# JSON-RPC: method not found, invalid params; a server that says so knows the session.
CALLER_ERROR_CODES = {-32601, -32602}
# The package's code for a connection that ended before the result.
CONNECTION_CLOSED = -32000


class McpServer:
    """A server of CHAT_MCP. `reserved` are names that its tools must not have."""

    def __init__(self, name: str, spec: McpSpec, reserved: Collection[str] = ()) -> None:
        self.name, self._spec, self._reserved = name, spec, reserved
        self._connection: Connection | None = None
        self._built: tuple[list[Any], dict[str, Tool]] = ([], {})

    @property
    def state(self) -> str:
        """Return the state of the connection in words for the admin."""
        connection = self._connection
        if connection is None:
            return "not needed yet"
        if connection.ended_at is not None:
            return "away"
        if connection.client is None:
            return "connecting"
        return (
            f"connected; only {MAX_TOOLS} of its tools are offered" if connection.truncated else "connected"
        )

    @property
    def tools(self) -> dict[str, Tool]:
        """Return the tools by their names; none while the server is not connected."""
        if self._connection is None or self._connection.ended_at is not None:
            return {}
        listed = self._connection.listed
        if self._built[0] is not listed:
            self._built = listed, self._tools(listed)
        return self._built[1]

    async def offered(self) -> dict[str, Tool]:
        """Return the tools, after an attempt to connect if needed. Raises nothing except CancelledError."""
        await self._connected()
        return self.tools

    async def close(self) -> None:
        """End the connection, and the command with it."""
        if self._connection is not None:
            self._connection.end()
            await self._connection.closed()

    async def _connected(self) -> Connection | None:
        """Return the connection once its list of tools is current, or None if the server is away."""
        if self._connection is None or _may_retry(self._connection):
            self._connection = Connection(self.name, self._spec)
        connection = self._connection
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(RECONNECT_WAIT_SECONDS):
                await connection.settled.wait()
        return connection if connection.ended_at is None and connection.client is not None else None

    def _tools(self, listed: list[Any]) -> dict[str, Tool]:
        by_name: dict[str, Any] = {}
        for tool in listed:
            by_name.setdefault(tool.name, tool)
        names = distinct_names(self.name, by_name, self._reserved)
        return {names[name]: self._tool(names[name], tool) for name, tool in by_name.items()}

    def _tool(self, name: str, listed: Any) -> Tool:
        return Tool(
            name=name,
            function=partial(self._call, listed.name),
            parse=_parse,
            schema=tool_schema(name, listed.description or listed.name, listed.input_schema),
            seconds=self._spec.seconds,
            permission=self._spec.permission,
        )

    async def _call(self, name: str, /, **arguments: Any) -> str:
        """Call a tool, a second time if the server no longer knows the session. Raises the server's error."""
        try:
            result = await self._attempt(name, arguments)
        except _SessionLostError:
            result = await self._attempt(name, arguments)
        text = result_text(result)
        if result.is_error:
            raise RuntimeError(text)
        return text

    async def _attempt(self, name: str, arguments: dict[str, Any]) -> Any:
        connection = await self._connected()
        if connection is None:
            raise ConnectionError("its server is away")
        request = HttpRequest()
        current_request.set(request)
        try:
            return await connection.client.call_tool(name, arguments)
        except Exception as problem:
            code = getattr(problem, "code", None)
            session_lost = request.session_lost and code not in CALLER_ERROR_CODES
            if session_lost or _is_lost(problem, code):
                connection.end()
            if session_lost:
                raise _SessionLostError(str(problem)) from problem
            raise


class _SessionLostError(ConnectionError):
    """A call that the server refused for its session, so it may be sent again in a new one."""


def _is_lost(problem: Exception, code: int | None) -> bool:
    # Without a code, RuntimeError and ValueError are the package's verdict on a result of a server that is alive.
    return (
        code == CONNECTION_CLOSED if code is not None else not isinstance(problem, RuntimeError | ValueError)
    )


def _may_retry(connection: Connection) -> bool:
    """Return True if a new attempt is due: at once after a lost connection, later after a failed one."""
    if connection.ended_at is None:
        return False
    return connection.client is not None or time.monotonic() - connection.ended_at >= RETRY_SECONDS


def _parse(text: str) -> dict[str, Any]:
    """Return the arguments unchecked: the server validates them by its own schema. Raises BadArguments."""
    try:
        return msgspec.json.decode(text or "{}", type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as problem:
        raise BadArguments(str(problem)) from None
