"""One call of a tool while its server runs it: what the server asks the user meanwhile, its progress, and its early end."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable
from contextvars import ContextVar
from typing import Any

from chat.text import storable
from chat.tools.context import PersonAnswer, ToolContext

# Of a server's words on its progress: a line.
PROGRESS_CHARACTERS = 200


class RunningCall:
    """A call at a server. `answers`: those to the `questions_asked` before.

    `session_lost`: the server refused the request for a session that it does not know. `notes`: for the model, beside the
    result. `elicitations`: how often the server has asked.
    """

    def __init__(self, context: ToolContext | None = None) -> None:
        """Without a context it is another request than a call of a tool, in which no user can be asked."""
        self.answers: list[PersonAnswer] = list(context.answers) if context else []
        self.questions_asked = len(self.answers)
        self.session_lost = False
        self.notes: list[str] = []
        self.elicitations = 0
        self.over = asyncio.Event()
        self._context = context
        self._problem: BaseException | None = None
        self._deadline: asyncio.Timeout | None = None

    async def result_of(self, request: Awaitable[Any]) -> Any:
        """Return the result of the request. Raise the problem for which the call was stopped."""
        result, self.over = None, asyncio.Event()
        try:
            async with asyncio.timeout(None) as self._deadline:
                result = await request
        except TimeoutError:
            if self._problem is None:
                raise
        finally:
            self.over.set()
        if self._problem is not None:
            raise self._problem
        return result

    def stop(self, problem: BaseException) -> None:
        """End the call with a problem; the first one counts."""
        if self._problem is None and self._deadline is not None and not self.over.is_set():
            self._problem = problem
            self._deadline.reschedule(asyncio.get_running_loop().time())

    async def on_progress(self, progress: float, total: float | None, message: str | None) -> None:
        """Report a server's notification of progress."""
        known = total is not None and math.isfinite(progress) and math.isfinite(total) and total > 0
        fraction = min(max(progress / total, 0.0), 1.0) if known and total else None
        if self._context is not None:
            self._context.report_progress(fraction, storable((message or "")[:PROGRESS_CHARACTERS]))


# The tasks that serve a request of HTTP run in a copy of its caller's context.
current_call: ContextVar[RunningCall] = ContextVar("current_call")
