"""Deadlines of answers: they end a block as `asyncio.timeout` does, and nothing else, though one timer looks at all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from chat.process import process
from chat.responses import model_answer
from chat.responses.model_answer import Deadline, DeadlineTimer

LONG = 60.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_answer, "TICK_SECONDS", 0.01)


def run(work: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(10):
            await work
        task = asyncio.current_task()
        assert task is not None
        assert task.cancelling() == 0
        assert process.part(DeadlineTimer)._open == set()

    asyncio.run(bounded())


async def for_ever() -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.02])
def test_a_block_that_goes_on_is_ended(seconds: float) -> None:
    async def work() -> None:
        with pytest.raises(TimeoutError), Deadline(seconds):
            await for_ever()

    run(work())


def test_a_block_that_ends_in_time_is_left_alone() -> None:
    async def work() -> None:
        with Deadline(0.02):
            await asyncio.sleep(0)
        await asyncio.sleep(0.05)

    run(work())


def test_a_deadline_that_is_moved_counts_from_there() -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()

        async def wait() -> None:
            with Deadline(LONG) as deadline:
                deadline.at = loop.time() + 0.02
                await for_ever()

        with pytest.raises(TimeoutError):
            await wait()
        with Deadline(0.0) as deadline:
            deadline.at = loop.time() + LONG
            await asyncio.sleep(0.05)

    run(work())


@pytest.mark.parametrize("outer", [True, False], ids=["the outer", "the inner"])
def test_of_two_deadlines_the_one_that_has_passed_ends_its_block(outer: bool) -> None:
    async def work() -> None:
        ended = []
        try:
            with Deadline(0.02 if outer else LONG):
                try:
                    with Deadline(LONG if outer else 0.02):
                        await for_ever()
                except TimeoutError:
                    ended.append("inner")
                    raise
        except TimeoutError:
            ended.append("outer")
        assert ended == (["outer"] if outer else ["inner", "outer"])

    run(work())


@pytest.mark.parametrize("expires", [False, True], ids=["alone", "beside the deadline"])
def test_a_cancellation_from_outside_is_passed_on(expires: bool) -> None:
    async def work() -> None:
        async def wait() -> None:
            with Deadline(LONG) as deadline:
                if expires:
                    asyncio.get_running_loop().call_soon(deadline.expire)
                await for_ever()

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(work())


def test_an_error_of_the_block_is_its_own() -> None:
    async def work() -> None:
        async def fail() -> None:
            with Deadline(0.0):
                try:
                    await for_ever()
                finally:
                    raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await fail()

    run(work())


def test_the_timer_stops_without_deadlines_and_starts_again() -> None:
    async def work() -> None:
        timer = process.part(DeadlineTimer)
        for _ in range(2):
            with Deadline(LONG):
                assert timer._ticks
            await asyncio.sleep(0.05)
            assert not timer._ticks

    run(work())


def test_an_event_loop_that_was_closed_meanwhile_leaves_nothing_behind() -> None:
    async def begin() -> None:
        Deadline(LONG).__enter__()

    async def work() -> None:
        with pytest.raises(TimeoutError), Deadline(0.02):
            await for_ever()

    asyncio.run(begin())
    run(work())
