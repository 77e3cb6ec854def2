"""Work whose caller has left goes on, and what it raises reaches the log without its message."""

from __future__ import annotations

import asyncio
import gc

import pytest

from chat.db import detached
from chat.exceptions import QuotaExceeded


async def abandoned(problem: Exception | None) -> bool:
    """Return whether work went on whose caller was cancelled, and which then raised that."""
    left, ended = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        await left.wait()
        ended.set()
        if problem is not None:
            raise problem

    caller = asyncio.create_task(detached.result_of(asyncio.create_task(work())))
    await asyncio.sleep(0)
    caller.cancel()
    await asyncio.wait([caller])
    left.set()
    await ended.wait()
    await asyncio.sleep(0)
    return caller.cancelled()


@pytest.mark.parametrize("problem", [None, QuotaExceeded("A user may store 3 bytes.")])
def test_a_refusal_that_its_caller_did_not_wait_for_is_not_logged(
    problem: Exception | None, caplog: pytest.LogCaptureFixture
) -> None:
    assert asyncio.run(abandoned(problem))
    gc.collect()  # asyncio logs what a task raised when the task is freed
    assert caplog.records == []


def test_a_failure_that_its_caller_did_not_wait_for_is_logged_without_its_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert asyncio.run(abandoned(ValueError("the secret of the prompt")))
    gc.collect()
    assert "action=detached_work_failed reason=ValueError" in caplog.text
    assert "secret" not in caplog.text
