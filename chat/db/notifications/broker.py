"""Notifications over a broker beside the database. It may lose them: the table is the truth, and readers poll it."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable, Collection, Coroutine
from typing import Any, Protocol

from django.conf import settings as django_settings

from chat.conf import settings
from chat.db.notifications.interests import EVERYONE, Interests, broker_url
from chat.db.notifications.listener import Listener
from chat.db.notifications.outbox import Message, Outbox
from chat.db.notifications.postgres import PostgresListener
from chat.process import process

logger = logging.getLogger(__name__)

# Seconds for a connection, or for the answer to what was sent; after them the broker counts as gone.
ANSWER_SECONDS = 3.0
# Seconds between two round trips that show whether a connection whose packets are dropped still lives.
ALIVE_SECONDS = 5.0
# Seconds for the last messages of a process, of the 5 in which it has to end.
LAST_SECONDS = 0.3


class BrokerLink(Protocol):
    """One connection to a broker. Every method raises an error of the client library where it is lost."""

    async def subscribe(self, subjects: Collection[str]) -> None: ...

    async def unsubscribe(self, subjects: Collection[str]) -> None: ...

    async def publish(self, messages: Collection[Message]) -> None: ...

    async def confirm(self) -> None:
        """Wait until the broker has taken what was sent before."""

    async def receive(self) -> None:
        """Pass payloads to the handler until the connection is lost."""

    async def close(self) -> None: ...


def make_listener() -> Listener:
    """Return the listener of the engine that CHAT_NOTIFIER names."""
    if url := broker_url():
        return BrokerListener(url)
    return PostgresListener("" if settings.notifier == "postgres" else settings.notifier)


async def open_link(url: str, handler: Callable[[bytes], None]) -> BrokerLink:
    """Connect to a broker. Its client is imported only here: most deployments have none."""
    if url.startswith(("nats:", "tls:")):
        from chat.db.notifications.nats_link import NatsLink

        return await NatsLink.open(url, _prefix(), handler)
    from chat.db.notifications.redis_link import RedisLink

    return await RedisLink.open(url, _prefix(), handler)


def _prefix() -> str:
    """Return what keeps the subjects of deployments on one broker apart: they have different keys, their processes the same."""
    digest = hashlib.sha256(b"chat.notifications" + django_settings.SECRET_KEY.encode())
    return f"chat.{digest.hexdigest()[:16]}."


class BrokerListener(Listener):
    """Hears the subjects in `Interests`, and sends the messages of the outbox."""

    lost = (Exception,)  # two client libraries, each with errors of its own, and timeouts

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._interests, self._outbox = process.part(Interests), process.part(Outbox)

    async def run(self) -> None:
        self._outbox.attach()
        try:
            await super().run()
        finally:
            self._outbox.detach()

    async def _listen(self) -> None:
        async with asyncio.timeout(ANSWER_SECONDS):
            link = await open_link(self._url, self._dispatch)
        try:
            self._interests.forget()
            await self._subscribe(link, [EVERYONE])
            self._connected()
            await _first_end(link.receive(), self._follow(link), self._send(link), self._check(link))
        finally:
            await self._leave(link)

    async def _subscribe(self, link: BrokerLink, always: Collection[str] = ()) -> None:
        self._interests.changed.clear()
        new, gone = self._interests.changes()
        async with asyncio.timeout(ANSWER_SECONDS):
            if gone:
                await link.unsubscribe(gone)
            if new or always:
                await link.subscribe([*always, *new])
                await link.confirm()
        self._interests.confirm(new)

    async def _follow(self, link: BrokerLink) -> None:
        while True:
            await self._interests.changed.wait()
            await self._subscribe(link)

    async def _send(self, link: BrokerLink) -> None:
        while True:
            messages = await self._outbox.take()
            async with asyncio.timeout(ANSWER_SECONDS):
                await link.publish(messages)

    async def _check(self, link: BrokerLink) -> None:
        while True:
            await asyncio.sleep(ALIVE_SECONDS)
            async with asyncio.timeout(ANSWER_SECONDS):
                await link.confirm()

    async def _leave(self, link: BrokerLink) -> None:
        """Close the connection, after the last messages of a process that ends."""
        try:
            async with asyncio.timeout(LAST_SECONDS):
                if last := self._outbox.rest():
                    await link.publish(last)
                    await link.confirm()
                await link.close()
        except Exception as problem:
            logger.info("action=broker_closed reason=%s", type(problem).__name__)


async def _first_end(*works: Coroutine[Any, Any, None]) -> None:
    """Run works until one of them ends, and raise its error."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def publish_alone(messages: list[Message]) -> None:
    """Send messages of a process without a listener, such as a command. Never raises: what they are about is committed."""
    try:
        asyncio.run(asyncio.wait_for(_publish_once(messages), ANSWER_SECONDS))
    except Exception as problem:
        logger.warning("action=notify_failed reason=%s", type(problem).__name__)


async def _publish_once(messages: list[Message]) -> None:
    link = await open_link(broker_url(), lambda _: None)
    try:
        await link.publish(messages)
        await link.confirm()
    finally:
        await link.close()
