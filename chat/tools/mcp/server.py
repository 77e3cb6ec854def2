"""One MCP server in this process: connected at the first need, its tools offered like registered ones."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import time
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

import httpx2
import msgspec
from django.utils.translation import gettext

from chat.tools.context import AnswerNeeded, ToolContext
from chat.tools.mcp.calls import RunningCall
from chat.tools.mcp.connection import CONNECT_SECONDS, MAX_TOOLS, Connection
from chat.tools.mcp.elicitation import ElicitationRefused
from chat.tools.mcp.results import Keeping, result_text
from chat.tools.mcp.server_prompts import ServerPrompt, ServerPromptFailed, listed, text_of
from chat.tools.mcp.spec import McpSpec
from chat.tools.mcp.tools import distinct_names, is_read_only
from chat.tools.provider_schema import portable_keys
from chat.tools.registry import Tool, tool_schema
from chat.tools.schema import BadArguments

logger = logging.getLogger(__name__)

# A response waits this long for a server that is starting; then it goes on without its tools.
RECONNECT_WAIT_SECONDS = 3.0
# For the prompts of a server, or the text of one: a person waits.
PROMPT_SECONDS = 10.0
# After a failed start, before the next attempt.
RETRY_SECONDS = 30.0
# JSON-RPC: method not found, invalid params; a server that says so knows the session.
CALLER_ERROR_CODES = {-32601, -32602}
# The protocol's code before 2026-07-28: the user must first open an address of the server's.
ADDRESS_NEEDED = -32042
# The package's code for a connection that ended before the result.
CONNECTION_CLOSED = -32000


class McpServer:
    """A server of CHAT_MCP. `reserved` are names that its tools must not have, `auth` is that of its requests over HTTP."""

    def __init__(
        self,
        name: str,
        spec: McpSpec,
        reserved: Collection[str] = (),
        auth: httpx2.Auth | None = None,
    ) -> None:
        self.name, self._spec, self._reserved, self._auth = name, spec, reserved, auth
        # The last one is in use; the commands of former ones may take seconds to end.
        self._connections: list[Connection] = []
        self._built: tuple[list[Any], dict[str, Tool]] = ([], {})

    @property
    def _connection(self) -> Connection | None:
        return self._connections[-1] if self._connections else None

    @property
    def permission(self) -> str | None:
        """Return the permission that a user needs for what the server offers."""
        return self._spec.permission

    @property
    def is_connected(self) -> bool:
        connection = self._connection
        return connection is not None and connection.ended_at is None and connection.client is not None

    @property
    def state(self) -> str:
        """Return the state of the connection in words for the admin."""
        connection = self._connection
        if connection is None:
            return gettext("not needed yet")
        if connection.ended_at is not None:
            return gettext("away")
        if connection.client is None:
            return gettext("connecting")
        return (
            gettext("connected; only %(number)s of its tools are offered") % {"number": MAX_TOOLS}
            if connection.truncated
            else gettext("connected")
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

    async def offered(self, needed: Sequence[str] = ()) -> dict[str, Tool]:
        """Return the tools, after an attempt to connect if needed. Raises nothing except CancelledError.

        With one of its tools among the `needed` ones the server has all the time to start.
        """
        waited_for = any(name.startswith(f"{self.name}_") for name in needed)
        await self._connected(CONNECT_SECONDS if waited_for else RECONNECT_WAIT_SECONDS)
        return self.tools

    async def prompts(self) -> list[ServerPrompt]:
        """Return the server's prompts, none where it is away. Raises nothing except CancelledError."""
        try:
            async with asyncio.timeout(PROMPT_SECONDS):
                connection = await self._connected()
                return [] if connection is None else await listed(self.name, connection.client)
        except Exception as problem:
            # Foreign code on the other side of a pipe or a network: only its prompts are lost.
            logger.info("action=mcp_prompts_lost server=%s reason=%s", self.name, type(problem).__name__)
            return []

    async def prompt_text(self, name: str, arguments: dict[str, str]) -> str:
        """Return the text of a prompt. Raises ServerPromptFailed."""
        try:
            async with asyncio.timeout(PROMPT_SECONDS):
                connection = await self._connected(CONNECT_SECONDS)
                if connection is None:
                    raise ServerPromptFailed("The server of the prompt is away.")
                return text_of(
                    await connection.run(RunningCall(), lambda client: client.get_prompt(name, arguments))
                )
        except AnswerNeeded:
            raise ServerPromptFailed("The prompt asks for more than its arguments.") from None
        except ServerPromptFailed:
            raise
        except Exception as problem:
            # As above. The server's own words may quote anything.
            logger.info("action=mcp_prompt_failed server=%s reason=%s", self.name, type(problem).__name__)
            raise ServerPromptFailed("The server refused the prompt, or failed.") from None

    async def close(self) -> None:
        """End the connection, and the command with it; wait for former ones, too."""
        for connection in self._connections:
            connection.end()
        for connection in self._connections:
            await connection.closed()

    async def _connected(self, seconds: float = RECONNECT_WAIT_SECONDS) -> Connection | None:
        """Return the connection once its list of tools is current, or None if the server is away."""
        if self._connection is None or _may_retry(self._connection):
            former = [connection for connection in self._connections if not connection.is_closed]
            self._connections = [*former, Connection(self.name, self._spec, self._auth)]
        connection = self._connections[-1]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await connection.settled.wait()
        return connection if self.is_connected else None

    def _tools(self, listed: list[Any]) -> dict[str, Tool]:
        by_name: dict[str, Any] = {}
        for tool in listed:
            by_name.setdefault(tool.name, tool)
        names = distinct_names(self.name, by_name, self._reserved)
        return {names[name]: self._tool(names[name], tool) for name, tool in by_name.items()}

    def _tool(self, name: str, listed: Any) -> Tool:
        parameters, former = portable_keys(listed.input_schema)
        return Tool(
            name=name,
            function=partial(self._call, listed.name),
            parse=partial(_parse, former),
            schema=tool_schema(name, listed.description or listed.name, parameters),
            seconds=self._spec.seconds,
            context="context",
            permission=self._spec.permission,
            approval=not (self._spec.trusted and is_read_only(listed)),
        )

    async def _call(self, name: str, /, *, arguments: dict[str, Any], context: ToolContext) -> str:
        """Call a tool, a second time if the server no longer knows the session. Raises the server's error."""
        call = RunningCall(context)
        try:
            result = await self._attempt(call, name, arguments)
        except _SessionLostError:
            result = await self._attempt(call, name, arguments)
        text = await result_text(result, Keeping(context.keep_picture, context.attach), call.notes)
        if result.is_error:
            raise RuntimeError(text)
        return text

    async def _attempt(self, call: RunningCall, name: str, arguments: dict[str, Any]) -> Any:
        connection = await self._connected()
        if connection is None:
            raise ConnectionError("its server is away")
        call.session_lost = False
        try:
            return await connection.run(
                call, lambda client: client.call_tool(name, arguments, progress_callback=call.on_progress)
            )
        except Exception as problem:
            # Foreign code, a network, and the call's own end: each is raised again, or as a clearer error.
            code = getattr(problem, "code", None)
            if code == ADDRESS_NEEDED:
                raise ElicitationRefused(
                    "The user must first open an address of the server's, which this chat cannot ask for."
                ) from problem
            session_lost = call.session_lost and code not in CALLER_ERROR_CODES
            if session_lost or _is_lost(problem, code):
                connection.retire()
            if session_lost:
                raise _SessionLostError(str(problem)) from problem
            if _is_malformed(problem):
                raise RuntimeError("The server answered with what is no result of a tool.") from problem
            raise


class _SessionLostError(ConnectionError):
    """A call that the server refused for its session, so it may be sent again in a new one."""


def _is_lost(problem: Exception, code: int | None) -> bool:
    # Without a code, RuntimeError and ValueError are the package's verdict on a result of a server that is alive.
    return (
        code == CONNECTION_CLOSED if code is not None else not isinstance(problem, RuntimeError | ValueError)
    )


def _is_malformed(problem: Exception) -> bool:
    """Return whether the package refused a result for its form, in words for programmers that quote the result."""
    return isinstance(problem, importlib.import_module("pydantic").ValidationError)


def _may_retry(connection: Connection) -> bool:
    """Return True if a new attempt is due: at once after a lost connection, later after a failed one."""
    if connection.ended_at is None:
        return False
    return connection.client is not None or time.monotonic() - connection.ended_at >= RETRY_SECONDS


def _parse(former: dict[str, str], text: str) -> dict[str, Any]:
    """Return the arguments by the server's names, unchecked: it validates them by its own schema. Raises BadArguments."""
    try:
        arguments = msgspec.json.decode(text or "{}", type=dict[str, Any])
        return {"arguments": {former.get(name, name): value for name, value in arguments.items()}}
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError) as problem:
        raise BadArguments(str(problem)) from None
