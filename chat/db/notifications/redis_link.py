"""Redis and Valkey: publish and subscribe, which neither stores messages nor repeats them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from chat.db.notifications.outbox import Message

# Seconds for an answer on the connection that publishes.
SOCKET_SECONDS = 3.0


class RedisLink:
    """Two connections: one that has subscribed takes no other commands."""

    def __init__(self, client: Redis, prefix: str, handler: Callable[[bytes], None]) -> None:
        self._client, self._prefix, self._handler = client, prefix, handler
        self._heard: PubSub = client.pubsub()
        self._pongs: list[asyncio.Future[None]] = []

    @classmethod
    async def open(cls, url: str, prefix: str, handler: Callable[[bytes], None]) -> RedisLink:
        """Connect, without attempts of the client's own to connect again: what was missed meanwhile has to be read."""
        client = Redis.from_url(
            url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=SOCKET_SECONDS,
            socket_connect_timeout=SOCKET_SECONDS,
        )
        await client.ping()
        return cls(client, prefix, handler)

    async def subscribe(self, subjects: Collection[str]) -> None:
        patterns, names = self._named(subjects)
        if names:
            await self._heard.subscribe(*names)
        if patterns:
            await self._heard.psubscribe(*patterns)

    async def unsubscribe(self, subjects: Collection[str]) -> None:
        patterns, names = self._named(subjects)
        if names:
            await self._heard.unsubscribe(*names)
        if patterns:
            await self._heard.punsubscribe(*patterns)

    def _named(self, subjects: Collection[str]) -> tuple[list[str], list[str]]:
        """Return the channels of subjects: patterns, and plain names."""
        names = [self._prefix + subject for subject in subjects]
        return [name for name in names if "*" in name], [name for name in names if "*" not in name]

    async def publish(self, messages: Collection[Message]) -> None:
        async with self._client.pipeline(transaction=False) as batch:
            for subject, payload in messages:
                batch.publish(self._prefix + subject, payload)
            await batch.execute()

    async def confirm(self) -> None:
        """Wait for the answer to a ping behind the subscriptions; outside `receive` read on until it comes."""
        pong = asyncio.get_running_loop().create_future()
        self._pongs.append(pong)
        await self._heard.ping()
        while not pong.done() and not self._receiving:
            await self._read()
        await pong

    _receiving = False

    async def receive(self) -> None:
        self._receiving = True
        while True:
            await self._read()

    async def _read(self) -> None:
        message = await self._heard.get_message(timeout=None)
        if message is None:
            return
        if message["type"] in ("message", "pmessage"):
            self._handler(message["data"])
        elif message["type"] == "pong" and self._pongs:
            pong = self._pongs.pop(0)
            if not pong.done():
                pong.set_result(None)

    async def close(self) -> None:
        await self._heard.aclose()  # type: ignore[no-untyped-call]
        await self._client.aclose()
