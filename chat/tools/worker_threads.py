"""Sync tools: each call in a thread of its own, so that one that hangs costs neither the loop nor a pool nor the exit."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import itertools
import threading
from collections.abc import Callable
from typing import Any

from django.db import connections

THREADS = 64  # of sync tools at once in a process, hung ones among them; 8 MB of address space each

_running: set[threading.Thread] = set()
_numbers = itertools.count(1)


async def in_thread(function: Callable[[], Any]) -> Any:
    """What the function returns or raises. Cancelled, it goes on unheard until it returns.

    Its database connection is closed before anybody gets the result. Raises RuntimeError where too many run.
    """
    if len(_running) >= THREADS:
        raise RuntimeError("too many tools are running")
    result: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    # A daemon: a tool that never returns must not keep a process from ending.
    work = contextvars.copy_context().run
    thread = threading.Thread(
        target=work, args=(_run, function, result), name=f"chat-tool-{next(_numbers)}", daemon=True
    )
    _running.add(thread)
    thread.start()
    return await result


def _run(function: Callable[[], Any], result: asyncio.Future[Any]) -> None:
    try:
        outcome, failed = _outcome(function)
    finally:
        connections.close_all()
        _running.discard(threading.current_thread())
    with contextlib.suppress(RuntimeError):  # the loop has closed meanwhile
        result.get_loop().call_soon_threadsafe(_tell, result, outcome, failed)


def _outcome(function: Callable[[], Any]) -> tuple[Any, bool]:
    try:
        return function(), False
    except StopIteration as problem:  # no future takes it
        return RuntimeError(str(problem)), True
    except BaseException as problem:
        return problem, True


def _tell(result: asyncio.Future[Any], outcome: Any, failed: bool) -> None:
    if result.done():
        return
    if failed:
        result.set_exception(outcome)
    else:
        result.set_result(outcome)
