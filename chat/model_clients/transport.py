"""The sockets under the `openai` client: aiohttp's, with the reader of a streamed answer in reach.

The client's own aiohttp transport hands a read through five generators. Without them reading a paced delta takes 0.84 of the
CPU time (median of five pairs, 100 streams × 50 deltas/s). The reader stands in `Response.extensions["reader"]`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import httpx2


class Transport(httpx2.AsyncBaseTransport):
    """A pool of at most `connections`, idle ones kept for `idle_seconds`. No deadlines: they are the engine's."""

    def __init__(self, connections: int, idle_seconds: float) -> None:
        self._connections, self._idle_seconds = connections, idle_seconds
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises httpx2.ConnectError where nothing was sent, httpx2.ReadError where an answer did not come."""
        try:
            answer = await self._opened().request(
                request.method,
                str(request.url),
                headers=request.headers,
                data=request.content,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(),
            )
        except aiohttp.ClientConnectorError as problem:
            raise httpx2.ConnectError(str(problem)) from problem
        except aiohttp.ClientError as problem:
            raise httpx2.ReadError(str(problem)) from problem
        return httpx2.Response(
            answer.status,
            headers=answer.raw_headers,
            stream=_Body(answer),
            request=request,
            extensions={"reader": answer.content},
        )

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(
                limit=self._connections, keepalive_timeout=self._idle_seconds, ssl=httpx2.create_ssl_context()
            )
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False, trust_env=True)
        return self._session

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()


class _Body(httpx2.AsyncByteStream):
    """For who reads the answer the long way: what the client does with an error's body."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for data in self._answer.content.iter_any():
                yield data
        except aiohttp.ClientError as problem:
            raise httpx2.ReadError(str(problem)) from problem

    async def aclose(self) -> None:
        self._answer.close()
