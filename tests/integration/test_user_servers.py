"""Connections to MCP servers for each user: their tokens, their number, and their end when they are idle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from chat.tools.mcp import user_servers
from chat.tools.mcp.oauth.tokens import BearerAuth, ConnectAgain
from chat.tools.mcp.spec import McpSpec
from chat.tools.mcp.user_servers import UserServers
from tests.fixtures.mcp_calls import CONTEXT
from tests.fixtures.mcp_sessions import SessionServer, session_server
from tests.live.harness import eventually

URL = "https://notes.example/mcp"


class GivenTokens:
    """Tokens by number: each refresh gives the next, until `last`."""

    def __init__(self, last: int = 9) -> None:
        self.users, self.last = {1, 2}, last

    async def connected(self, user: int) -> set[str]:
        return {"notes"} if user in self.users else set()

    async def get(self, user: int, server: str, refused: str = "0") -> str | None:
        number = int(refused or 0) + 1
        return str(number) if number <= self.last else None


def ask(tokens: GivenTokens, accepted: str, url: str = URL) -> int:
    """Send a request to a server that accepts one token; return the status."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        good = request.headers.get("Authorization") == f"Bearer {accepted}"
        return httpx2.Response(200 if good else 401)

    async def main() -> int:
        auth = BearerAuth(tokens, 1, "notes", URL)
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer), auth=auth) as client:
            return (await client.post(url)).status_code

    return asyncio.run(main())


def test_a_request_has_the_token_and_after_a_refusal_a_new_one() -> None:
    tokens = GivenTokens()
    assert (ask(tokens, "1"), ask(tokens, "2")) == (200, 200)


def test_a_new_token_that_is_refused_too_is_the_servers_trouble() -> None:
    assert ask(GivenTokens(), "none") == 401


def test_a_user_without_a_token_has_to_connect_again() -> None:
    with pytest.raises(ConnectAgain, match="connect notes again"):
        ask(GivenTokens(last=1), "2")


def test_a_token_goes_to_no_other_address() -> None:
    for url in (
        "https://elsewhere.example/mcp",
        "http://notes.example/mcp",
        "https://notes.example:8443/mcp",
    ):
        with pytest.raises(ConnectionError, match="another address"):
            ask(GivenTokens(), "1", url)


# Connections


def run(use: Callable[[UserServers, SessionServer, dict[str, McpSpec]], Awaitable[Any]]) -> None:
    async def main(server: SessionServer) -> None:
        servers = UserServers(GivenTokens())
        try:
            await use(servers, server, {"notes": McpSpec(url=server.url, auth="oauth")})
        finally:
            await servers.close()

    with session_server() as server:
        asyncio.run(main(server))


async def tools_of(servers: UserServers, user: int, specs: dict[str, McpSpec]) -> dict[str, Any]:
    [server] = await servers.of(user, specs, ())
    await server.offered()
    await asyncio.to_thread(eventually, lambda: server.is_connected)
    return await server.offered()


def test_each_user_has_a_session_of_their_own_until_they_disconnect() -> None:
    async def use(servers: UserServers, server: SessionServer, specs: dict[str, McpSpec]) -> None:
        assert await servers.of(3, specs, ()) == []
        for user in (1, 2, 1):
            assert "notes_echo" in await tools_of(servers, user, specs)
        assert (len(server.sessions), servers.count("notes")) == (2, 2)
        servers.disconnect(1, "notes")
        assert servers.count("notes") == 1

    run(use)


def test_an_idle_connection_ends_and_a_later_call_opens_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(servers: UserServers, server: SessionServer, specs: dict[str, McpSpec]) -> None:
        tool = (await tools_of(servers, 1, specs))["notes_echo"]
        with monkeypatch.context() as patch:
            patch.setattr(user_servers, "IDLE_SECONDS", 0.0)
            [connected] = await servers.of(1, specs, ())
            await connected.offered()
        await asyncio.to_thread(eventually, lambda: servers.count("notes") == 0)
        assert await tool.function(arguments={}, context=CONTEXT) == "echo done"

    run(use)


def test_the_connection_used_longest_ago_makes_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(user_servers, "MAX_CONNECTIONS", 1)

    async def use(servers: UserServers, server: SessionServer, specs: dict[str, McpSpec]) -> None:
        first = await tools_of(servers, 1, specs)
        await tools_of(servers, 2, specs)
        assert servers.count("notes") == 1
        # A response may still have the tools of a server that was forgotten.
        assert await first["notes_echo"].function(arguments={}, context=CONTEXT) == "echo done"
        assert servers.count("notes") == 1

    run(use)


def test_a_connection_ends_with_its_calls_and_all_end_where_notifications_may_be_missed() -> None:
    async def use(servers: UserServers, server: SessionServer, specs: dict[str, McpSpec]) -> None:
        tools = await tools_of(servers, 1, specs)
        slow = asyncio.create_task(tools["notes_slow"].function(arguments={}, context=CONTEXT))
        await asyncio.to_thread(eventually, lambda: server.calls == ["slow"])
        servers.disconnect_all()
        assert (await slow, servers.count("notes")) == ("slow done", 0)
        assert "notes_echo" in await tools_of(servers, 1, specs)
        assert len(server.sessions) == 2

    run(use)
