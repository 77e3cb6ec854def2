"""Work in the threads of the database: what a call that fails leaves behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
import weakref
from functools import partial
from typing import Any

import pytest

from chat.db import execution
from chat.db.threads import ThreadCall, WorkerThreads
from chat.exceptions import BadRequest, Unavailable
from chat.process import process
from tests.live.harness import eventually


class LargeArgument:
    """Stands for the megabytes of an upload."""


def refuse(body: LargeArgument) -> None:
    raise BadRequest("Not this one.")


async def refused() -> weakref.ref[LargeArgument]:
    body = LargeArgument()
    with contextlib.suppress(BadRequest):
        await execution._in_pool(lambda: refuse(body))
    return weakref.ref(body)


def test_a_refused_call_keeps_nothing_of_its_arguments() -> None:
    gc.disable()  # which would free it, though late
    try:
        kept = asyncio.run(refused())
        eventually(lambda: kept() is None)  # the thread forgets its work after it has told the result
    finally:
        gc.enable()


async def run_at_once(count: int) -> list[int]:
    threads = WorkerThreads(2, "test-threads")
    jobs = [ThreadCall(partial(int, number)) for number in range(count)]
    for job in jobs:
        threads.submit(job.run)
    return [await job.result for job in jobs]


def test_jobs_beyond_the_number_of_threads_wait_and_are_run() -> None:
    assert asyncio.run(run_at_once(20)) == [*range(20)]


async def given_up() -> list[str]:
    """Return the jobs that were run of two, of which one was given up while it waited."""
    threads, hold, ran = WorkerThreads(1, "test-threads"), threading.Event(), list[str]()
    jobs: list[ThreadCall[Any]] = [
        ThreadCall(hold.wait),
        *(ThreadCall(partial(ran.append, name)) for name in ("given up", "kept")),
    ]
    for job in jobs:
        threads.submit(job.run)
    assert jobs[1].give_up()
    hold.set()
    await jobs[2].result
    return ran


def test_a_job_that_was_given_up_while_it_waited_is_not_run() -> None:
    assert asyncio.run(given_up()) == ["kept"]


def test_a_call_that_finds_no_free_thread_in_time_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    held = threading.Event()
    monkeypatch.setattr(execution, "QUEUE_SECONDS", 0.0)
    monkeypatch.setattr(process, "_parts", {})

    async def call() -> None:
        process.part(execution.DatabaseThreads).work.submit(held.wait)
        await execution._in_pool(lambda: None)

    monkeypatch.setattr(execution, "WORKERS", 1)
    try:
        with pytest.raises(Unavailable):
            asyncio.run(call())
    finally:
        held.set()
