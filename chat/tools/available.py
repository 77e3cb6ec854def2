"""Which tools there are, ours and those of MCP servers, and which of them a user may use."""

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

_servers: list[McpServer] = []  # of this process, made when they are first needed


async def offered(tools: Mapping[str, Tool], user: int) -> dict[str, Tool]:
    """These tools and those of the MCP servers that live, as far as the user may use them. Raises Unavailable."""
    if not _servers:
        _servers.extend(McpServer(name, spec) for name, spec in configured_servers().items())
    found: dict[str, Tool] = {}
    for theirs in await asyncio.gather(*(server.offered() for server in _servers)):
        found.update(theirs)
    return await permitted({**found, **tools}, user)


async def permitted(tools: Mapping[str, Tool], user: int) -> dict[str, Tool]:
    """Those of the tools that the user may use now. The database is asked only where it matters. Raises Unavailable."""
    needed = {tool.permission for tool in tools.values() if tool.permission is not None}
    granted = await db.atomic_async(_held, user, needed) if needed else set()
    return {name: tool for name, tool in tools.items() if tool.permission in {None, *granted}}


@dataclass(frozen=True, slots=True)
class ServerState:
    """An MCP server as this process has it; `place` is its address or the name of its command, without what may be a secret."""

    name: str
    state: str
    place: str
    permission: str
    tools: list[Tool]


def servers() -> list[ServerState]:
    """All that are configured."""
    return [_state(name, spec) for name, spec in configured_servers().items()]


def _state(name: str, spec: McpSpec) -> ServerState:
    server = next((one for one in _servers if one.name == name), None)
    parts = urlsplit(spec.url)
    place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if spec.url else spec.command[0]
    tools = list(server.tools.values()) if server else []
    return ServerState(
        name, server.state if server else "not needed yet", place, spec.permission or "", tools
    )


def _held(user: int, permissions: Iterable[str]) -> set[str]:
    account = get_user_model()._default_manager.filter(pk=user, is_active=True).first()
    return {name for name in permissions if account is not None and account.has_perm(name)}


def check() -> None:
    """Raise ImproperlyConfigured where a setting names a tool or a model that does not exist."""
    known = config.specs()
    if settings.title_model and settings.title_model not in known:
        raise ImproperlyConfigured(f"CHAT_TITLE_MODEL names no model. Known: {', '.join(known)}.")
    ours, servers = configured_tools(), configured_servers()
    for model, spec in known.items():
        for name in () if isinstance(spec.tools, bool) else spec.tools:
            # The tools of a server are known only once it is connected.
            if name not in ours and name.partition("_")[0] not in servers:
                raise ImproperlyConfigured(
                    f"CHAT_MODELS: {model}: there is no tool {name!r}. CHAT_TOOLS offers: {', '.join(ours)}."
                )
