"""Sync tools: each call in a thread of its own, so that a call that hangs blocks neither the loop, nor a pool, nor the exit."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable
from typing import Any

from django.db import connections

# Of sync tools at once in a process, hung ones among them; 8 MB of address space each.
THREADS = 64

PREFIX = "chat-tool-"


class TooManyThreads(RuntimeError):
    """Too many tools are running."""

    def __init__(self) -> None:
        super().__init__("too many tools are running")


async def in_thread(function: Callable[[], Any]) -> Any:
    """Run a function in a new thread and return its result; after a cancellation the thread runs on unobserved.

    The thread's database connection is closed before the result is set. Raises TooManyThreads.
    """
    if sum(thread.name.startswith(PREFIX) for thread in threading.enumerate()) >= THREADS:
        raise TooManyThreads
    result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    # A daemon: a tool that never returns must not keep a process from ending.
    work = contextvars.copy_context().run
    name = f"{PREFIX}{id(result):x}"
    threading.Thread(target=work, args=(_run, function, result), name=name, daemon=True).start()
    return await result


def _run(function: Callable[[], Any], result: asyncio.Future[Any]) -> None:
    try:
        outcome, failed = _outcome(function)
    finally:
        connections.close_all()
    # The loop may have closed meanwhile.
    with contextlib.suppress(RuntimeError):
        result.get_loop().call_soon_threadsafe(_set_outcome, result, outcome, failed)


def _outcome(function: Callable[[], Any]) -> tuple[Any, bool]:
    try:
        return function(), False
    except StopIteration as problem:
        # A future refuses a StopIteration.
        return RuntimeError(str(problem)), True
    except BaseException as problem:
        return problem, True


def _set_outcome(result: asyncio.Future[Any], outcome: Any, failed: bool) -> None:
    if result.done():
        return
    if failed:
        result.set_exception(outcome)
    else:
        result.set_result(outcome)
