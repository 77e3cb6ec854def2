"""Access tokens of users, as connections to MCP servers need them; a package with the tables provides them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from typing import Protocol

import httpx2

from chat.tools.mcp.oauth.addresses import origin


class UserTokens(Protocol):
    """The access tokens of all users."""

    async def connected(self, user: int) -> Collection[str]:
        """Return the names of the MCP servers that a user has connected and that take the user's token."""
        ...

    async def get(self, user: int, server: str, refused: str = "") -> str | None:
        """Return a valid token, a new one in place of `refused`; None if the user has to connect again. Raises OAuthError."""
        ...


class ConnectAgain(ConnectionError):
    """The user has to connect the MCP server again."""

    def __init__(self, server: str) -> None:
        super().__init__(
            f"{server} does not accept the user's sign-in any more. The user has to connect {server} again, in the "
            "settings under Connections."
        )


class BearerAuth(httpx2.Auth):
    """The authentication of one user's requests to one MCP server: the token of each, and one refresh after a 401."""

    def __init__(self, tokens: UserTokens, user: int, server: str, url: str) -> None:
        self._tokens, self._user, self._server, self._origin = tokens, user, server, origin(url)

    async def async_auth_flow(
        self, request: httpx2.Request
    ) -> AsyncGenerator[httpx2.Request, httpx2.Response]:
        token = await self._token(request)
        response = yield request
        if response.status_code == 401:
            await self._token(request, refused=token)
            # Another refusal is the server's trouble: only its sign-in service ends a sign-in.
            yield request

    async def _token(self, request: httpx2.Request, refused: str = "") -> str:
        """Add a token to a request and return it. Raises ConnectAgain."""
        if origin(str(request.url)) != self._origin:
            raise ConnectionError("the server redirects to another address")
        token = await self._tokens.get(self._user, self._server, refused)
        if token is None:
            raise ConnectAgain(self._server)
        request.headers["Authorization"] = f"Bearer {token}"
        return token
