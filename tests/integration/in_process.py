"""The chat's ASGI application in the process of a test, for what a test replaces in the code itself."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import httpx
from channels.testing import WebsocketCommunicator

from chat.asgi import ChatApplication
from chat.models import ApiToken, User
from tests.fixtures.database import close_database_threads
from tests.live.harness import END_SECONDS

T = TypeVar("T")


class InProcess:
    """The running application, and its users, each with a bearer token."""

    def __init__(self, application: ChatApplication) -> None:
        self._application = application

    async def request(self, headers: dict[str, str], method: str, path: str, **body: Any) -> httpx.Response:
        application: Any = self._application
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path, headers=headers, **body)

    async def frame(self, headers: dict[str, str], **frame: Any) -> dict[str, Any]:
        """Return the first frame that a new socket is sent for one of the client's; `error` where it is not let in."""
        socket = await self.socket(headers)
        if socket is None:
            return {"type": "error", "code": "unauthenticated"}
        try:
            await socket.send_json_to(frame)
            first: dict[str, Any] = await socket.receive_json_from(timeout=END_SECONDS)
            return first
        finally:
            await socket.disconnect()

    async def socket(self, headers: dict[str, str]) -> WebsocketCommunicator | None:
        named = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        socket = WebsocketCommunicator(self._application, "/ws/chat/", [(b"host", b"localhost"), *named])
        accepted, _ = await socket.connect(timeout=END_SECONDS)
        return socket if accepted else None


def bearer(user: User) -> dict[str, str]:
    """Return the headers of a new token of the user."""
    return {"Authorization": f"Bearer {ApiToken.issue(user, 'test')}"}


def run(work: Callable[[InProcess], Awaitable[T]]) -> T:
    """Run some work with the application, which starts and stops around it."""

    async def started() -> T:
        application = ChatApplication(_refuse)
        await application.on_startup()
        try:
            return await work(InProcess(application))
        finally:
            await application.on_shutdown()

    try:
        return asyncio.run(started())
    finally:
        close_database_threads()


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    raise AssertionError("the chat has no such path")
