"""The end of a response by a stop, which cancels the task that then stores it."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from chat.models import Status
from chat.responses.active_response import ActiveResponse
from chat.responses.claims.turns import Job
from chat.responses.lifecycle import Outcome

JOB = Job(response=1, thread=1, owner=1, epoch=1, model="c1", queued=False)


def _active() -> ActiveResponse:
    active = ActiveResponse(JOB, cast("Any", None), None)
    active.answering = asyncio.current_task()
    return active


async def _outcome(active: ActiveResponse) -> Outcome:
    """Return the outcome of an answer that would go on for ever."""
    try:
        await asyncio.Event().wait()
    except BaseException as problem:
        return active.outcome_of(problem)
    raise AssertionError("nothing sets the event")


async def _stopped_and_abandoned() -> tuple[Outcome, int]:
    """Return the outcome of a response that is stopped and loses its lease at once, and what its task still has to bear."""
    active, loop = _active(), asyncio.get_running_loop()
    loop.call_soon(active.end, Outcome(Status.STOPPED, "stop", offset=3))
    loop.call_soon(active.abandon)
    outcome = await _outcome(active)
    await asyncio.sleep(0)
    task = asyncio.current_task()
    return outcome, task.cancelling() if task else -1


def test_the_task_of_a_stopped_response_goes_on_and_can_store_its_end() -> None:
    outcome, cancellations = asyncio.run(_stopped_and_abandoned())
    assert (outcome.status, outcome.offset, cancellations) == (Status.STOPPED, 3, 0)


def test_a_cancellation_that_nothing_decided_is_passed_on() -> None:
    async def cancelled() -> None:
        active = _active()
        asyncio.get_running_loop().call_soon(lambda: active.answering and active.answering.cancel())
        await _outcome(active)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
