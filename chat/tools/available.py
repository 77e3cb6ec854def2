"""The tools that a user may use: ours and those of the MCP servers."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext

from chat import db
from chat.conf import settings
from chat.exceptions import NotFound
from chat.llm import config
from chat.tools.mcp.oauth.tokens import UserTokens
from chat.tools.mcp.server import McpServer
from chat.tools.mcp.server_prompts import ServerPrompt
from chat.tools.mcp.spec import McpSpec, configured_servers
from chat.tools.mcp.user_servers import UserServers
from chat.tools.policy import configured_rules, with_policy
from chat.tools.registry import Tool, configured_tools, registered_tool

logger = logging.getLogger(__name__)

# In one request: OpenAI refuses it with more, so every prompt of every user.
MAX_TOOLS = 128
# Show people who try the demo an approval, a file, and documents. A real model would believe in its calendar, and
# documents need C1's artifact model.
DEMO_TOOLS = ("add_to_calendar", "make_table_file", "create_artifact", "edit_artifact")
# Seconds for the connections to end, of the few in which a process has to stop.
CLOSE_SECONDS = 0.5


def tools_of(model: str) -> dict[str, Tool]:
    """Return the tools that a model is offered: those of CHAT_TOOLS, and the demo's where the demo model answers for C1."""
    configured = configured_tools()
    return {**configured, **_demo_tools()} if configured and model == config.C1 else configured


@functools.cache
def _demo_tools() -> dict[str, Tool]:
    return {name: registered_tool(name) for name in DEMO_TOOLS} if settings.demo else {}


class ToolServers:
    """The MCP servers of this process, connected when they are first needed."""

    def __init__(self, tokens: UserTokens | None = None) -> None:
        self._offered: dict[str, Tool] = {}
        self._specs: dict[str, McpSpec] | None = None
        self._servers: dict[str, McpServer] = {}
        self._by_user = UserServers(tokens)

    async def offered(
        self, tools: Mapping[str, Tool], user: int, needed: Sequence[str] = ()
    ) -> dict[str, Tool]:
        """Return these tools and those of the connected servers that the user may use; not to be changed. Raises Unavailable.

        `needed`: tools whose calls wait to go on, so that their servers get more time to start.
        """
        of_servers: dict[str, Tool] = {}
        if servers := await self._of(user):
            for offered in await asyncio.gather(*(server.offered(needed) for server in servers)):
                of_servers.update(offered)
        offered = await permitted(with_policy({**tools, **of_servers}), user)
        # Open answers share one, for most offer the same tools.
        if offered != self._offered:
            self._offered = offered
        return self._offered

    async def prompts(self, user: int) -> list[ServerPrompt]:
        """Return the prompts of the connected servers that the user may use. Raises Unavailable."""
        servers = await self._permitted_servers(user)
        return [
            prompt for found in await asyncio.gather(*(one.prompts() for one in servers)) for prompt in found
        ]

    async def prompt_text(self, user: int, server: str, name: str, arguments: dict[str, str]) -> str:
        """Return the text of a server's prompt. Raises NotFound, ServerPromptFailed, Unavailable."""
        for one in await self._permitted_servers(user):
            if one.name == server:
                return await one.prompt_text(name, arguments)
        raise NotFound

    async def _permitted_servers(self, user: int) -> list[McpServer]:
        servers = await self._of(user)
        needed = {server.permission for server in servers if server.permission is not None}
        granted = await db.atomic_async(_granted, user, needed) if needed else set()
        return [server for server in servers if server.permission in {None, *granted}]

    async def _of(self, user: int) -> list[McpServer]:
        """Return the servers that all users share, and those that the user has connected."""
        if self._specs is None:
            self._specs, reserved = configured_servers(), configured_tools().keys()
            self._servers = {
                name: McpServer(name, spec, reserved)
                for name, spec in self._specs.items()
                if not spec.by_user
            }
        shared = [*self._servers.values()]
        by_user = {name: spec for name, spec in self._specs.items() if spec.by_user}
        if not by_user:
            return shared
        return [*shared, *await self._by_user.of(user, by_user, configured_tools().keys())]

    def disconnect(self, user: int, server: str) -> None:
        """End a user's own connection to a server, if there is one here."""
        self._by_user.disconnect(user, server)

    def disconnect_users(self) -> None:
        """End the users' own connections, after notifications of ended ones may have been missed."""
        self._by_user.disconnect_all()

    def states(self) -> list[ServerState]:
        """Return the state of all configured servers. Callable from any thread."""
        return [
            self._by_user_state(name, spec) if spec.by_user else _state(name, spec, self._servers.get(name))
            for name, spec in configured_servers().items()
        ]

    def _by_user_state(self, name: str, spec: McpSpec) -> ServerState:
        count = self._by_user.count(name)
        return replace(
            _state(name, spec, None),
            state=gettext("connected by each user; %(number)s here now") % {"number": count},
        )

    async def close(self) -> None:
        """End the connections."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await asyncio.gather(
                    self._by_user.close(), *(server.close() for server in self._servers.values())
                )


def within_limit(tools: dict[str, Tool]) -> dict[str, Tool]:
    """Return the first MAX_TOOLS tools, registered ones before those of servers, with a warning if some are left out."""
    if len(tools) <= MAX_TOOLS:
        return tools
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
    """Raise ImproperlyConfigured if a setting names a tool or a model that does not exist, or a rule that is none."""
    known = config.specs()
    if settings.title_model and settings.title_model not in known:
        raise ImproperlyConfigured(f"CHAT_TITLE_MODEL names no model. Known: {', '.join(known)}.")
    configured_rules()
    registered, servers = configured_tools(), configured_servers()
    for model, spec in known.items():
        for name in () if isinstance(spec.tools, bool) else spec.tools:
            # The tools of a server are known only once it is connected.
            if name not in registered and name.partition("_")[0] not in servers:
                raise ImproperlyConfigured(
                    f"CHAT_MODELS: {model}: there is no tool {name!r}. CHAT_TOOLS offers: {', '.join(registered)}."
                )
