"""The tools that a user may use: ours and those of the MCP servers."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured

from chat import db
from chat.conf import settings
from chat.llm import config
from chat.tools.mcp.server import McpServer
from chat.tools.mcp.spec import McpSpec, configured_servers
from chat.tools.registry import Tool, configured_tools

logger = logging.getLogger(__name__)

# In one request: OpenAI refuses it with more, so every prompt of every user.
MAX_TOOLS = 128
# Seconds for the connections to end, of the few in which a process has to stop.
CLOSE_SECONDS = 0.5


class ToolServers:
    """The MCP servers of this process, connected when they are first needed."""

    def __init__(self) -> None:
        self._servers: dict[str, McpServer] = {}

    async def offered(self, tools: Mapping[str, Tool], user: int) -> dict[str, Tool]:
        """Return these tools and those of the connected servers that the user may use. Raises Unavailable."""
        if not self._servers:
            reserved = configured_tools().keys()
            specs = configured_servers()
            self._servers = {name: McpServer(name, spec, reserved) for name, spec in specs.items()}
        of_servers: dict[str, Tool] = {}
        for offered in await asyncio.gather(*(server.offered() for server in self._servers.values())):
            of_servers.update(offered)
        return await permitted({**tools, **of_servers}, user)

    def states(self) -> list[ServerState]:
        """Return the state of all configured servers. Callable from any thread."""
        return [_state(name, spec, self._servers.get(name)) for name, spec in configured_servers().items()]

    async def close(self) -> None:
        """End the connections."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.gather(*(server.close() for server in self._servers.values()))


def within_limit(tools: Mapping[str, Tool]) -> dict[str, Tool]:
    """Return the first MAX_TOOLS tools, registered ones before those of servers, with a warning if some are left out."""
    if len(tools) > MAX_TOOLS:
        _warn_of_surplus(len(tools) - MAX_TOOLS)
    return dict(list(tools.items())[:MAX_TOOLS])


@functools.cache
def _warn_of_surplus(count: int) -> None:
    logger.warning("action=tools_left_out offered=%d left_out=%d", MAX_TOOLS, count)


async def permitted(tools: Mapping[str, Tool], user: int) -> dict[str, Tool]:
    """Return the tools that the user may use now. Queries only for tools with a permission. Raises Unavailable."""
    needed = {tool.permission for tool in tools.values() if tool.permission is not None}
    granted = await db.atomic_async(_granted, user, needed) if needed else set()
    return {name: tool for name, tool in tools.items() if tool.permission in {None, *granted}}


@dataclass(frozen=True, slots=True)
class ServerState:
    """An MCP server in this process; `address` is its URL or the name of its command, without possible secrets."""

    name: str
    state: str
    address: str
    permission: str
    tools: list[Tool]


def _state(name: str, spec: McpSpec, server: McpServer | None) -> ServerState:
    parts = urlsplit(spec.url)
    address = (
        f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if spec.url else spec.command[0]
    )
    tools = list(server.tools.values()) if server else []
    return ServerState(
        name, server.state if server else "not needed yet", address, spec.permission or "", tools
    )


def _granted(user: int, permissions: Iterable[str]) -> set[str]:
    account = get_user_model()._default_manager.filter(pk=user, is_active=True).first()
    return {name for name in permissions if account is not None and account.has_perm(name)}


def check() -> None:
    """Raise ImproperlyConfigured if a setting names a tool or a model that does not exist."""
    known = config.specs()
    if settings.title_model and settings.title_model not in known:
        raise ImproperlyConfigured(f"CHAT_TITLE_MODEL names no model. Known: {', '.join(known)}.")
    registered, servers = configured_tools(), configured_servers()
    for model, spec in known.items():
        for name in () if isinstance(spec.tools, bool) else spec.tools:
            # The tools of a server are known only once it is connected.
            if name not in registered and name.partition("_")[0] not in servers:
                raise ImproperlyConfigured(
                    f"CHAT_MODELS: {model}: there is no tool {name!r}. CHAT_TOOLS offers: {', '.join(registered)}."
                )
