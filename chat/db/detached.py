"""Work on the database that goes on when its caller leaves."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, TypeVar

from chat.exceptions import ChatError, format_traceback_without_message

T = TypeVar("T")

logger = logging.getLogger(__name__)


async def result_of(task: asyncio.Task[T]) -> T:
    """Wait for a task that goes on if the caller is cancelled; what it then raises is logged here, unless it is a refusal.

    Left to asyncio, the log would get the message, which may quote content.
    """
    ended = asyncio.Event()
    task.add_done_callback(lambda _: ended.set())
    try:
        # Not `shield`: since Python 3.14 it logs what the task raises later, with the message. `wait` takes a dozen calls more.
        await ended.wait()
    except asyncio.CancelledError:
        task.add_done_callback(_log_failure)
        raise
    return task.result()


def _log_failure(task: asyncio.Task[Any]) -> None:
    problem = None if task.cancelled() else task.exception()
    if problem is not None and not isinstance(problem, ChatError):
        logger.error(
            "action=detached_work_failed reason=%s\n%s",
            type(problem).__name__,
            format_traceback_without_message(problem),
        )
