"""Reading in rounds: many deltas share a wake-up, few are never held up."""

from __future__ import annotations

import asyncio

import pytest

from chat.model_clients.rounds import READS, READS_A_ROUND, ROUND_SECONDS, Rounds


class Clock:
    """A time that passes only when somebody says so, or pauses."""

    def __init__(self) -> None:
        self.now = 100.0
        self.happened: list[str | float] = []

    def pause(self, seconds: float) -> None:
        self.happened.append(seconds)
        self.now += seconds

    def rounds(self) -> Rounds:
        return Rounds(self.pause, lambda: self.now)


async def handed_on(rounds: Rounds, clock: Clock, name: str = "read") -> None:
    """A read, the engine that it wakes, and the reader that this wakes."""

    def relay() -> None:
        asyncio.get_running_loop().call_soon(clock.happened.append, name)

    asyncio.get_running_loop().call_soon(relay)
    rounds.read()
    for _ in range(5):
        await asyncio.sleep(0)


async def busy(clock: Clock) -> Rounds:
    """Rounds of a process that has just read as often as makes a pause worth while."""
    rounds = clock.rounds()
    for _ in range(READS - 1):
        rounds.read()
    await handed_on(rounds, clock)
    clock.happened.clear()
    return rounds


def test_what_comes_seldom_is_never_held_up() -> None:
    async def work(clock: Clock) -> None:
        rounds = clock.rounds()
        for _ in range(2 * READS):
            await handed_on(rounds, clock)
            clock.now += 1.1 * ROUND_SECONDS / READS_A_ROUND

    clock = Clock()
    asyncio.run(work(clock))
    assert clock.happened == ["read"] * 2 * READS


def test_what_comes_often_waits_for_the_next_round_after_all_of_it_was_handed_on() -> None:
    async def work(clock: Clock) -> None:
        rounds = await busy(clock)
        clock.now += ROUND_SECONDS / 4
        await asyncio.gather(handed_on(rounds, clock, "first"), handed_on(rounds, clock, "second"))

    clock = Clock()
    asyncio.run(work(clock))
    *handed, pause = clock.happened
    assert handed == ["first", "second"]
    assert pause == pytest.approx(ROUND_SECONDS * 3 / 4)


def test_a_process_without_a_moment_to_spare_does_not_pause() -> None:
    async def work(clock: Clock) -> None:
        rounds = await busy(clock)
        for _ in range(3):
            clock.now += ROUND_SECONDS  # which the round itself took
            for _ in range(READS):
                rounds.read()
            await handed_on(rounds, clock)

    clock = Clock()
    asyncio.run(work(clock))
    assert clock.happened == ["read"] * 3


def test_a_round_that_its_loop_never_ended_holds_up_no_other_loop() -> None:
    async def left_behind() -> Rounds:
        rounds = await busy(clock)
        rounds.read()
        return rounds

    clock = Clock()
    loop = asyncio.new_event_loop()
    rounds = loop.run_until_complete(left_behind())
    loop.close()
    clock.now += ROUND_SECONDS / 2
    asyncio.run(handed_on(rounds, clock))
    assert clock.happened == ["read", pytest.approx(ROUND_SECONDS / 2)]
