"""A reader that has read everything gets the next delta as it comes, without looking for it, and misses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial

from chat.models import Response
from chat.streams import EndEvent, Heartbeat, LogEvent, TextEvent, ThoughtEvent
from chat.streams.readers import LogRegistry
from chat.streams.tail import READ_BYTES, Tail

Events = AsyncGenerator[LogEvent]


async def opened(logs: LogRegistry, thinking: int | None) -> Events:
    """Return a reader behind its first event."""
    events = logs.follow(1, 0, thinking)
    await anext(events)
    return events


def played(play: Callable[[LogRegistry, Tail], Awaitable[None]]) -> None:
    async def run() -> None:
        logs = LogRegistry()
        tail = logs.write(1)
        tail.start()
        async with asyncio.timeout(10):
            await play(logs, tail)

    asyncio.run(run())


def test_readers_at_the_end_share_the_event_of_the_next_delta() -> None:
    async def play(logs: LogRegistry, tail: Tail) -> None:
        readers = [await opened(logs, 0) for _ in range(2)]
        for number in range(3):
            waiting = [asyncio.create_task(anext(events)) for events in readers]
            await asyncio.sleep(0)
            if number == 1:
                tail.think(b"hm", tail.end)
            else:
                tail.grow(b"word")
            first, second = await asyncio.gather(*waiting)
            assert first is second
            assert isinstance(first, ThoughtEvent if number == 1 else TextEvent)

    played(play)


def test_a_reader_without_thought_waits_on_until_the_next_text() -> None:
    async def play(logs: LogRegistry, tail: Tail) -> None:
        events = await opened(logs, None)
        waiting = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        for _ in range(3):
            tail.think(b"hm", 0)
            await asyncio.sleep(0)
        tail.grow(b"word")
        assert await waiting == TextEvent(b"word", 4)

    played(play)


def test_deltas_that_come_before_a_woken_reader_runs_are_all_read_in_order() -> None:
    async def play(logs: LogRegistry, tail: Tail) -> None:
        events = await opened(logs, 0)
        waiting = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        tail.grow(b"a")
        tail.think(b"hm", 1)
        tail.grow(b"bc")
        tail.finish(Response(status="done", log_length=3))
        assert await waiting == TextEvent(b"a", 1)
        assert await anext(events) == ThoughtEvent(b"hm", 2)
        assert await anext(events) == TextEvent(b"bc", 3)
        assert isinstance(await anext(events), EndEvent)

    played(play)


def test_text_that_comes_while_a_heartbeat_is_sent_is_read_at_once() -> None:
    async def play(logs: LogRegistry, tail: Tail) -> None:
        events = await opened(logs, None)
        waiting = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        logs.send_heartbeat()
        assert await waiting == Heartbeat()
        tail.grow(b"word")
        assert await anext(events) == TextEvent(b"word", 4)

    played(play)


def test_a_reader_gets_a_heartbeat_for_each_one_behind_a_delta() -> None:
    async def play(logs: LogRegistry, tail: Tail) -> None:
        events = await opened(logs, None)
        wakes: list[tuple[Callable[[], None], type[LogEvent]]]
        wakes = [(partial(tail.grow, b"a"), TextEvent), (logs.send_heartbeat, Heartbeat)] * 3
        for wake, expected in wakes:
            waiting = asyncio.create_task(anext(events))
            await asyncio.sleep(0)
            wake()
            assert isinstance(await waiting, expected)

    played(play)


def test_a_large_delta_comes_in_pieces() -> None:
    async def play(logs: LogRegistry, tail: Tail) -> None:
        events = await opened(logs, None)
        waiting = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        tail.grow(b"a" * (READ_BYTES + 1))
        assert await waiting == TextEvent(b"a" * READ_BYTES, READ_BYTES)
        assert await anext(events) == TextEvent(b"a", READ_BYTES + 1)

    played(play)
