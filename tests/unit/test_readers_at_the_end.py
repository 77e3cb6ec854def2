"""A reader that has read everything gets the next delta as it comes, without looking for it, and misses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from functools import partial
from itertools import accumulate, cycle

import pytest

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


class Taker:
    """Takes events by a pattern; `log`: those taken, and those yielded in their place, in the order of their coming."""

    def __init__(self, *takes: bool) -> None:
        self._takes, self.log, self.taken = cycle(takes), list[LogEvent](), 0

    def take(self, event: LogEvent) -> bool:
        takes = next(self._takes)
        if takes:
            self.log.append(event)
            self.taken += 1
        return takes

    async def read(self, logs: LogRegistry, thinking: int | None = 0) -> None:
        async for event in logs.follow(1, 0, thinking, take=self.take):
            self.log.append(event)


@pytest.mark.parametrize(
    "takes", [(True,), (False,), (True, False), (False, True, True)], ids=["all", "none", "half", "most"]
)
@pytest.mark.parametrize("at_once", [1, 2, 3, 8])
def test_deltas_that_are_taken_and_those_that_wake_the_reader_come_once_and_in_order(
    takes: tuple[bool, ...], at_once: int
) -> None:
    """`at_once`: so many of them come before a woken reader runs."""

    async def play(logs: LogRegistry, tail: Tail) -> None:
        readers = [Taker(*takes), Taker(True)]
        reading = [asyncio.create_task(reader.read(logs)) for reader in readers]
        for number in range(24):
            for _ in range(0 if number % at_once else 4):
                await asyncio.sleep(0)
            if number % 5 == 3:
                tail.think(b"hm", tail.end)
            elif number % 7 == 6:
                logs.send_heartbeat()
            else:
                tail.grow(b"word")
        tail.finish(Response(status="done", log_length=tail.end))
        await asyncio.gather(*reading)
        for reader in readers:
            assert (b"".join(texts(reader.log)), b"".join(thoughts(reader.log))) == (b"word" * 17, b"hm" * 5)
            assert [event.offset for event in reader.log if isinstance(event, TextEvent)] == places(
                reader.log
            )
        assert readers[1].taken > 0

    played(play)


def texts(log: list[LogEvent]) -> list[bytes]:
    return [event.data for event in log if isinstance(event, TextEvent)]


def thoughts(log: list[LogEvent]) -> list[bytes]:
    return [event.data for event in log if isinstance(event, ThoughtEvent)]


def places(log: list[LogEvent]) -> list[int]:
    return list(accumulate(map(len, texts(log))))


def test_a_delta_that_is_taken_wakes_no_reader() -> None:
    async def play(logs: LogRegistry, tail: Tail) -> None:
        reader = Taker(True)
        events = logs.follow(1, 0, None, take=reader.take)
        await anext(events)
        waiting = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        for _ in range(3):
            tail.grow(b"a")
            assert texts(reader.log)[-1] == b"a"
            tail.think(b"hm", tail.end)  # of which this reader gets none
            await asyncio.sleep(0)
        assert not waiting.done()
        logs.send_heartbeat()
        assert await waiting == Heartbeat()
        assert len(reader.log) == 3

    played(play)


def test_a_reader_whose_delta_cannot_be_taken_costs_neither_the_writer_nor_another_reader_anything() -> None:
    async def play(logs: LogRegistry, tail: Tail) -> None:
        def fail(event: LogEvent) -> bool:
            raise ZeroDivisionError

        broken, whole = logs.follow(1, 0, None, take=fail), Taker(True)
        await anext(broken)
        waiting = asyncio.create_task(anext(broken))
        reading = asyncio.create_task(whole.read(logs))
        await asyncio.sleep(0)
        tail.grow(b"word")
        with pytest.raises(ZeroDivisionError):
            await waiting
        tail.grow(b"word")
        tail.finish(Response(status="done", log_length=8))
        await reading
        assert texts(whole.log) == [b"word", b"word"]

    played(play)


def test_a_reader_that_has_left_is_given_nothing() -> None:
    async def play(logs: LogRegistry, tail: Tail) -> None:
        reader = Taker(True)
        reading = asyncio.create_task(reader.read(logs))
        await asyncio.sleep(0)
        reading.cancel()
        tail.grow(b"word")
        await asyncio.wait([reading])
        assert texts(reader.log) == []

    played(play)
