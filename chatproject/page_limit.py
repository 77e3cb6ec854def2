"""A bound on the pages that are made at once: each takes a thread and a connection to the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string

from chat import headers
from chatproject.database_unavailable import RETRY_SECONDS

logger = logging.getLogger(__name__)

# Pages of one process at once, as many as the database connections of its API. Ten processes then need 200 connections,
# those of the embedded Postgres.
RUNNING_PAGES = 10

# Pages that wait for their turn; at 10 ms each the last one waits about a second.
WAITING_PAGES = 100

# Seconds for which a page waits at most: those before it may hang with the database.
WAIT_SECONDS = 5.0

# Bytes of a page that are held back until its thread and its connection are free, so that a slow reader holds neither.
# Django holds a whole page in memory in any case; longer answers are exports, which are sent while they are made.
HELD_BYTES = 2 * 1024 * 1024

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Receive, Send], Awaitable[None]]


class PageLimit:
    """An ASGI application that runs few pages of another one at once, and refuses with 503 beyond a short queue.

    Scripts, styles and pictures are not counted: they need no database, and a page loads dozens.
    """

    def __init__(self, application: Application) -> None:
        self._application = application
        self._running = asyncio.Semaphore(RUNNING_PAGES)
        self._pages = 0

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["path"].startswith((settings.STATIC_URL, "/page/")):
            await self._application(scope, receive, send)
        elif self._pages >= RUNNING_PAGES + WAITING_PAGES:
            await _refuse(send)
        else:
            self._pages += 1
            try:
                reply = await self._run(scope, receive, send)
            finally:
                self._pages -= 1
            await (reply.flush() if reply else _refuse(send))

    async def _run(self, scope: Any, receive: Receive, send: Send) -> HeldReply | None:
        """Run a page in its turn. Return the reply that is to be sent, None where the turn does not come in time."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._running.acquire()
        except TimeoutError:
            return None
        try:
            reply = HeldReply(send)
            await self._application(scope, receive, reply)
            return reply
        finally:
            self._running.release()


class HeldReply:
    """The `send` of one page, which holds a short reply back until `flush`."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._messages: list[Message] = []
        self._bytes = 0

    async def __call__(self, message: Message) -> None:
        self._messages.append(message)
        self._bytes += len(message.get("body", b""))
        if self._bytes > HELD_BYTES:
            await self.flush()

    async def flush(self) -> None:
        messages, self._messages = self._messages, []
        for message in messages:
            await self._send(message)


async def _refuse(send: Send) -> None:
    logger.warning("action=page_refused reason=busy")
    body = render_to_string("503.html", {"seconds": RETRY_SECONDS}).encode()
    head = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(body)),
        "Content-Security-Policy": headers.PAGE_POLICY.format(nonce=""),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "Cache-Control": "no-store",
        "Retry-After": str(RETRY_SECONDS),
    }
    raw = [(name.encode(), value.encode()) for name, value in head.items()]
    await send({"type": "http.response.start", "status": 503, "headers": raw})
    await send({"type": "http.response.body", "body": body})
