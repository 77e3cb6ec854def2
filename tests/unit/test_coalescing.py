"""Coalescing: many deltas share a wake-up, few are never held up."""

from __future__ import annotations

import asyncio

import pytest

from chat.llm.http.coalescing import READS, READS_A_WINDOW, WINDOW_SECONDS, Coalescing


class Clock:
    """A time that passes only when somebody says so, or pauses."""

    def __init__(self) -> None:
        self.now = 100.0
        self.happened: list[str | float] = []

    def pause(self, seconds: float) -> None:
        self.happened.append(seconds)
        self.now += seconds

    def coalescing(self) -> Coalescing:
        return Coalescing(self.pause, lambda: self.now)


async def handed_on(coalescing: Coalescing, clock: Clock, name: str = "read") -> None:
    """A read, the engine that it wakes, and the reader that this wakes."""

    def relay() -> None:
        asyncio.get_running_loop().call_soon(clock.happened.append, name)

    asyncio.get_running_loop().call_soon(relay)
    coalescing.read(asyncio.get_running_loop())
    for _ in range(5):
        await asyncio.sleep(0)


async def busy(clock: Clock) -> Coalescing:
    """That of a process that has just read as often as makes a pause worth while."""
    coalescing = clock.coalescing()
    for _ in range(READS - 1):
        coalescing.read(asyncio.get_running_loop())
    await handed_on(coalescing, clock)
    clock.happened.clear()
    return coalescing


def test_what_comes_seldom_is_never_held_up() -> None:
    async def work(clock: Clock) -> None:
        coalescing = clock.coalescing()
        for _ in range(2 * READS):
            await handed_on(coalescing, clock)
            clock.now += 1.1 * WINDOW_SECONDS / READS_A_WINDOW

    clock = Clock()
    asyncio.run(work(clock))
    assert clock.happened == ["read"] * 2 * READS


def test_what_comes_often_waits_for_the_next_window_after_all_of_it_was_handed_on() -> None:
    async def work(clock: Clock) -> None:
        coalescing = await busy(clock)
        clock.now += WINDOW_SECONDS / 4
        await asyncio.gather(handed_on(coalescing, clock, "first"), handed_on(coalescing, clock, "second"))

    clock = Clock()
    asyncio.run(work(clock))
    *handed, pause = clock.happened
    assert handed == ["first", "second"]
    assert pause == pytest.approx(WINDOW_SECONDS * 3 / 4)


def test_a_process_without_a_moment_to_spare_does_not_pause() -> None:
    async def work(clock: Clock) -> None:
        coalescing = await busy(clock)
        for _ in range(3):
            clock.now += WINDOW_SECONDS  # which the work itself took
            for _ in range(READS):
                coalescing.read(asyncio.get_running_loop())
            await handed_on(coalescing, clock)

    clock = Clock()
    asyncio.run(work(clock))
    assert clock.happened == ["read"] * 3


def test_what_a_loop_never_handed_on_holds_up_no_other_loop() -> None:
    async def left_behind() -> Coalescing:
        coalescing = await busy(clock)
        coalescing.read(asyncio.get_running_loop())
        return coalescing

    clock = Clock()
    loop = asyncio.new_event_loop()
    coalescing = loop.run_until_complete(left_behind())
    loop.close()
    clock.now += WINDOW_SECONDS / 2
    asyncio.run(handed_on(coalescing, clock))
    assert clock.happened == ["read", pytest.approx(WINDOW_SECONDS / 2)]
