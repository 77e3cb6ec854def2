"""One response that runs in this process: its turn, and its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from chat import db
from chat.conf import settings
from chat.exceptions import ModelError, ModelFailed, Unavailable, format_traceback_without_message
from chat.llm.clients.base import ModelRequest
from chat.models import Status
from chat.responses.claims import turns
from chat.responses.claims.turns import Job
from chat.responses.engine import LeaseLost
from chat.responses.lifecycle import Outcome
from chat.streams import Writer, storage

logger = logging.getLogger(__name__)


class ActiveResponse:
    """The state of a running response.

    `verdict`: the outcome, once something but the model has decided it (a stop, the end of the process). `answering`: the
    task in which the engine runs, `answered`: it has ended. `lost`: another process owns the lease. `next_job`: the job of
    going on, where a person has answered before this process has let go of the response.
    """

    __slots__ = (
        "_first_request",
        "_turn",
        "answered",
        "answering",
        "job",
        "lost",
        "next_job",
        "verdict",
        "writer",
    )

    def __init__(self, job: Job, writer: Writer, first_request: ModelRequest | None) -> None:
        self.job, self.writer = job, writer
        self.verdict: Outcome | None = None
        self.answering: asyncio.Task[object] | None = None
        self.answered = self.lost = False
        self.next_job: Job | None = None
        self._first_request = first_request
        # Set when the turn may have come. Most responses never wait, and an event takes 0.8 KB.
        self._turn = asyncio.Event() if job.queued else None

    @property
    def decided(self) -> bool:
        """Return whether the model's answer no longer changes how the response ends."""
        return self.verdict is not None or self.lost

    def take_first_request(self) -> ModelRequest | None:
        """Return the request that the claim has read, and drop it: a history is not kept while its answer is read."""
        request, self._first_request = self._first_request, None
        return request

    def end(self, verdict: Outcome) -> None:
        """End the response with this outcome, unless it is ending already."""
        if self.verdict is None:
            self.verdict = verdict
            self._cancel()

    def abandon(self) -> None:
        """Give the response up without another write: its lease is lost."""
        self.lost = True
        self._cancel()

    def check_turn(self) -> None:
        """Wake a waiting response, so that it checks whether its turn has come."""
        if self._turn is not None:
            self._turn.set()

    def _cancel(self) -> None:
        self.check_turn()
        if self.answering is not None:
            self.answering.cancel()

    async def wait_for_turn(self) -> None:
        """Return when the response may start, or is to end before."""
        while self._turn is not None and not self.decided:
            self._turn.clear()
            if await self._promoted():
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(settings.heartbeat_seconds):
                    await self._turn.wait()

    async def _promoted(self) -> bool:
        """Start the response if its turn has come, or find that a promotion was committed whose answer was lost."""
        try:
            if await db.atomic_async(turns.promote, self.job):
                return True
            lengths = await db.atomic_async(storage.lengths_if_owned, self.job.response, self.job.epoch)
            return lengths is not None
        except Unavailable:
            return False

    def outcome_of(self, problem: BaseException) -> Outcome:
        """Return the outcome of an answer that this ended, a verdict or a failure. Raise it again if it is neither."""
        task = asyncio.current_task()
        if isinstance(problem, asyncio.CancelledError) and self.decided and task is not None:
            # The end of the response is stored in the same task.
            while task.uncancel():
                continue
            return self.verdict or Outcome(Status.INTERRUPTED)
        if isinstance(problem, LeaseLost):
            self.lost = True
            return Outcome(Status.INTERRUPTED)
        if isinstance(problem, ModelError):
            return Outcome(Status.FAILED, error=problem)
        if isinstance(problem, Exception):
            # Whatever it was, the response must end: a reader that waits for ever is worse than an unclear error.
            return Outcome(Status.FAILED, error=_unforeseen(problem, self.job))
        raise problem


def _unforeseen(problem: Exception, job: Job) -> ModelFailed:
    logger.error(
        "action=answer_failed response=%d reason=%s\n%s",
        job.response,
        type(problem).__name__,
        format_traceback_without_message(problem),
    )
    return ModelFailed()
