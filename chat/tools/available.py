"""The tools that a user may use, registered ones and those of MCP servers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured

from chat import db
from chat.conf import settings
from chat.llm import config
from chat.tools.mcp_server import McpServer
from chat.tools.mcp_spec import McpSpec, configured_servers
from chat.tools.registry import Tool, configured_tools

# Of this process; made when tools are first needed.
_servers: list[McpServer] = []


async def offered(tools: Mapping[str, Tool], user: int) -> dict[str, Tool]:
    """Return `tools` and those of connected MCP servers, as far as the user may use them. Raises Unavailable."""
    if not _servers:
        _servers.extend(McpServer(name, spec) for name, spec in configured_servers().items())
    of_servers: dict[str, Tool] = {}
    for listed in await asyncio.gather(*(server.offered() for server in _servers)):
        of_servers.update(listed)
    return await permitted({**of_servers, **tools}, user)


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


def servers() -> list[ServerState]:
    """Return the state of every configured MCP server."""
    return [_state(name, spec) for name, spec in configured_servers().items()]


def _state(name: str, spec: McpSpec) -> ServerState:
    server = next((server for server in _servers if server.name == name), None)
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
