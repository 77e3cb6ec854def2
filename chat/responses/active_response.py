"""One response that runs in this process: its turn, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable

from chat import db
from chat.conf import settings
from chat.exceptions import ModelError, ModelFailed, Unavailable, format_traceback_without_message
from chat.models import Status
from chat.responses.claims import turns
from chat.responses.claims.turns import Job
from chat.responses.engine import LeaseLost
from chat.responses.lifecycle import Outcome
from chat.streams import Writer, storage
from chat.threads.model_context import ModelContext

logger = logging.getLogger(__name__)


class ActiveResponse:
    """`verdict` is how it is to end, once somebody has decided that; `answering`, the engine's work, once it has begun."""

    def __init__(self, job: Job, writer: Writer, model_context: ModelContext | None) -> None:
        self.job, self.writer = job, writer
        self.model_context = model_context  # until it begins
        self.verdict: Outcome | None = None
        self.answering: asyncio.Task[Outcome] | None = None
        self.lost = False
        # Something changed in the thread: look whether the turn has come. Most never wait, and an event takes 0.8 KB.
        self._turn = asyncio.Event() if job.queued else None

    @property
    def decided(self) -> bool:
        """Whether nothing that its model says changes how it ends."""
        return self.verdict is not None or self.lost

    @property
    def answered(self) -> bool:
        return self.answering is not None and self.answering.done()

    def end(self, verdict: Outcome) -> None:
        """Have it end as `verdict` says, unless it is ending already."""
        if self.verdict is None:
            self.verdict = verdict
            self._cancel()

    def abandon(self) -> None:
        """Give it up without another write: the lease is somebody else's."""
        self.lost = True
        self._cancel()

    def check_turn(self) -> None:
        """Have it look whether its turn has come."""
        if self._turn is not None:
            self._turn.set()

    def _cancel(self) -> None:
        self.check_turn()
        if self.answering is not None:
            self.answering.cancel()

    async def wait_for_turn(self) -> None:
        """Return when it may begin, or is to end before."""
        while self._turn is not None and not self.decided:
            self._turn.clear()
            if await self._promoted():
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(settings.heartbeat_seconds):
                    await self._turn.wait()

    async def _promoted(self) -> bool:
        """Whether the turn has come. A promotion counts too whose answer was lost with its connection."""
        try:
            if await db.atomic_async(turns.promote, self.job):
                return True
            return (
                await db.atomic_async(storage.length_if_owned, self.job.response, self.job.epoch) is not None
            )
        except Unavailable:
            return False

    async def wait_for_outcome(self, answering: Awaitable[Outcome]) -> Outcome:
        """How the answer ended: by itself, by somebody's verdict, or by trouble."""
        try:
            return await answering
        except asyncio.CancelledError:
            if not self.decided:
                raise
            return self.verdict or Outcome(Status.INTERRUPTED)
        except LeaseLost:
            self.lost = True
            return Outcome(Status.INTERRUPTED)
        except ModelError as problem:
            return Outcome(Status.FAILED, error=problem)
        except Exception as problem:
            # Whatever it was, the response must end: a reader that waits for ever is worse than an unclear error.
            return Outcome(Status.FAILED, error=_unforeseen(problem, self.job))


def _unforeseen(problem: Exception, job: Job) -> ModelFailed:
    logger.error(
        "action=answer_failed response=%d reason=%s\n%s",
        job.response,
        type(problem).__name__,
        format_traceback_without_message(problem),
    )
    return ModelFailed()
