"""NATS: core subjects, which are delivered at most once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from chat.db.notifications.outbox import Message

# Seconds for a connection, and for the answer to a flush; whole ones, as the client takes them.
SECONDS = 3


class NatsLink:
    """One connection, each subject with a subscription of its own."""

    def __init__(self, prefix: str, handler: Callable[[bytes], None]) -> None:
        self._prefix, self._handler = prefix, handler
        self._subscriptions: dict[str, Subscription] = {}
        self._lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._client: Client

    @classmethod
    async def open(cls, url: str, prefix: str, handler: Callable[[bytes], None]) -> NatsLink:
        """Connect, without attempts of the client's own to connect again: what was missed meanwhile has to be read."""
        link = cls(prefix, handler)
        link._client = await nats.connect(
            url,
            allow_reconnect=False,
            connect_timeout=SECONDS,
            error_cb=link._on_error,
            closed_cb=link._on_closed,
        )
        return link

    async def subscribe(self, subjects: Collection[str]) -> None:
        for subject in subjects:
            self._subscriptions[subject] = await self._client.subscribe(
                self._prefix + subject, cb=self._on_message
            )

    async def unsubscribe(self, subjects: Collection[str]) -> None:
        for subject in subjects:
            await self._subscriptions.pop(subject).unsubscribe()

    async def publish(self, messages: Collection[Message]) -> None:
        for subject, payload in messages:
            await self._client.publish(self._prefix + subject, payload)

    async def confirm(self) -> None:
        await self._client.flush(SECONDS)

    async def receive(self) -> None:
        await self._lost

    async def close(self) -> None:
        await self._client.close()

    async def _on_message(self, message: Msg) -> None:
        self._handler(message.data)

    async def _on_error(self, problem: Exception) -> None:
        """Leave the report to the listener, which logs that the connection is lost."""

    async def _on_closed(self) -> None:
        if not self._lost.done():
            self._lost.set_exception(ConnectionError("the broker has closed the connection"))
