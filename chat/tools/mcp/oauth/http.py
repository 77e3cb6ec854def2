"""Requests to MCP servers and their authorization servers: checked addresses, no redirects, bounded bytes and time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx2

from chat.llm.http.request_head import ProxiedTransport, trusted_certificates
from chat.tools.mcp.oauth.addresses import is_allowed

# Bytes of an answer: metadata and tokens have some thousand.
ANSWER_BYTES = 131_072
# Seconds for a whole request; a person waits for several of them in a row.
REQUEST_SECONDS = 10.0


class OAuthError(Exception):
    """The sign-in at an MCP server failed. The text is public: it repeats nothing that a server said."""


class GrantRefused(OAuthError):
    """The authorization server refused the code or the token: the user has to connect again."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read whole."""

    status: int
    headers: httpx2.Headers
    body: bytes


class OAuthHttp:
    """Requests on behalf of a connection to the MCP server at `server`. Every method raises OAuthError."""

    def __init__(self, client: httpx2.AsyncClient, server: str) -> None:
        self._client, self.server = client, server

    async def get(self, url: str, **content: Any) -> Reply:
        return await self._send("GET", url, **content)

    async def post(self, url: str, **content: Any) -> Reply:
        return await self._send("POST", url, **content)

    async def _send(
        self, method: str, url: str, headers: dict[str, str] | None = None, **content: Any
    ) -> Reply:
        if not is_allowed(url, self.server):
            raise OAuthError("An address of the sign-in service is not an https address.")
        # Decoded content has no bound while it is read.
        head = {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})}
        try:
            async with (
                asyncio.timeout(REQUEST_SECONDS),
                self._client.stream(method, url, headers=head, **content) as response,
            ):
                return Reply(response.status_code, response.headers, await _read(response))
        # UnicodeError: a host's name that is none.
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, TimeoutError, OSError, UnicodeError):
            raise OAuthError("The server, or its sign-in service, could not be reached.") from None


async def _read(response: httpx2.Response) -> bytes:
    body = b""
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > ANSWER_BYTES:
            raise OAuthError("The sign-in service gave an answer that is too large.")
    return body


@contextlib.asynccontextmanager
async def open_http(server: str) -> AsyncIterator[OAuthHttp]:
    """Open a client for the few requests of one operation."""
    # In a thread: reading them would hold up the event loop.
    certificates = await asyncio.to_thread(trusted_certificates)
    transport = ProxiedTransport(certificates)
    async with httpx2.AsyncClient(
        transport=transport, follow_redirects=False, timeout=REQUEST_SECONDS
    ) as client:
        yield OAuthHttp(client, server)
