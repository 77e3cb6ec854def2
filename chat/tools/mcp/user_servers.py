"""MCP servers that each user connects for themselves: one connection for each user who needs it, closed when it is idle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any

from chat.tools.context import ToolContext
from chat.tools.mcp.connection import Connection
from chat.tools.mcp.oauth.tokens import BearerAuth, ConnectAgain, UserTokens
from chat.tools.mcp.server import RECONNECT_WAIT_SECONDS, McpServer
from chat.tools.mcp.spec import McpSpec

# Without a new call: a person reads an answer and asks again. Calls that run keep a connection.
IDLE_SECONDS = 300.0
# Connections of all users in one process, each with a stream and some 100 KB; beyond, the one used longest ago is closed.
MAX_CONNECTIONS = 500


class UserMcpServer(McpServer):
    """A server as one user sees it. `on_use` is called before each use, so that every open connection is known."""

    def __init__(
        self,
        name: str,
        spec: McpSpec,
        reserved: Collection[str],
        tokens: UserTokens,
        user: int,
        on_use: Callable[[UserMcpServer], None],
    ) -> None:
        super().__init__(name, spec, reserved, BearerAuth(tokens, user, name, spec.url))
        self.user, self._tokens, self._on_use = user, tokens, on_use
        self._idle: asyncio.TimerHandle | None = None

    def disconnect(self) -> None:
        """End the connection in the background, after the calls that run."""
        if self._idle is not None:
            self._idle.cancel()
        if self._connection is not None:
            self._connection.retire()

    async def _connected(self, seconds: float = RECONNECT_WAIT_SECONDS) -> Connection | None:
        self._on_use(self)
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_SECONDS, self.disconnect)
        return await super()._connected(seconds)

    async def _call(self, name: str, /, *, arguments: dict[str, Any], context: ToolContext) -> str:
        if self.name not in await self._tokens.connected(self.user):
            raise ConnectAgain(self.name)
        try:
            return await super()._call(name, arguments=arguments, context=context)
        except Exception:
            # The package hides why a request was not sent: the refused sign-in is found in the table.
            if self.name not in await self._tokens.connected(self.user):
                raise ConnectAgain(self.name) from None
            raise


class UserServers:
    """The servers of all users in this process."""

    def __init__(self, tokens: UserTokens | None) -> None:
        self._tokens = tokens
        # Those with a connection, those used last come last.
        self._servers: dict[tuple[int, str], UserMcpServer] = {}

    async def of(self, user: int, specs: Mapping[str, McpSpec], reserved: Collection[str]) -> list[McpServer]:
        """Return the servers that a user has connected."""
        if self._tokens is None:
            return []
        connected = await self._tokens.connected(user)
        for name in specs.keys() - set(connected):
            self.disconnect(user, name)
        return [self._server(user, name, spec, reserved) for name, spec in specs.items() if name in connected]

    def disconnect(self, user: int, name: str) -> None:
        """End a user's connection to a server, if there is one here."""
        server = self._servers.pop((user, name), None)
        if server is not None:
            server.disconnect()

    def disconnect_all(self) -> None:
        """End all connections, after notifications of ended ones may have been missed."""
        for key in list(self._servers):
            self.disconnect(*key)

    def count(self, name: str) -> int:
        """Count the users with a connection to a server. Callable from any thread."""
        return sum(server.is_connected for server in list(self._servers.values()) if server.name == name)

    async def close(self) -> None:
        """End all connections, and the calls that run."""
        servers = list(self._servers.values())
        self.disconnect_all()
        await asyncio.gather(*(server.close() for server in servers))

    def _server(self, user: int, name: str, spec: McpSpec, reserved: Collection[str]) -> McpServer:
        assert self._tokens is not None
        known = self._servers.get((user, name))
        return known or UserMcpServer(name, spec, reserved, self._tokens, user, self._register)

    def _register(self, server: UserMcpServer) -> None:
        """Note the use of a server, also of one that was forgotten while a response still had its tools."""
        key = server.user, server.name
        former = self._servers.pop(key, None)
        if former is not None and former is not server:
            former.disconnect()
        self._servers[key] = server
        if len(self._servers) > MAX_CONNECTIONS:
            self.disconnect(*next(iter(self._servers)))
