"""The responses of this process: who runs them, how they are stopped, how they end, and what becomes of those of the dead."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

from chat import db, tools
from chat.conf import settings
from chat.db import notifications
from chat.db.notifications import Listener
from chat.exceptions import ChatError, Unavailable
from chat.llm.clients.base import ModelClient
from chat.llm.registry import ModelRegistry
from chat.models import Response, Status
from chat.responses import lifecycle, titles
from chat.responses.active_response import ActiveResponse
from chat.responses.claims.claim import ClaimContext, claim_with_context
from chat.responses.claims.turns import Job
from chat.responses.engine import Engine, context_limits
from chat.responses.leases import Leases
from chat.responses.lifecycle import Outcome
from chat.responses.thread_events import ThreadSubscriptions
from chat.schemas import RegenerateRequest, SendRequest
from chat.streams import Flusher, LogRegistry, ToolEvent, storage
from chat.streams.storage import Append, StopRequest
from chat.threads import search
from chat.threads.model_context import ContextLimits, ModelContext
from chat.tools import ToolContext

logger = logging.getLogger(__name__)

T = TypeVar("T")

STOP_SECONDS = 2.0  # a stop answers by then; an owner that has not reacted is taken for dead and fenced off
DRAIN_SECONDS = 4.0  # of the 5 s that a process has to end in
RETRY_SECONDS = 0.25  # between two attempts to write down how a response ended
HEARTBEAT_INTERVAL = 5.0  # readers get a sign of life at least every 15 s, even if two beats are late


class ResponseRunner:
    """One per process and event loop."""

    def __init__(self) -> None:
        self.process = uuid4()
        self.logs = LogRegistry()
        self.listener = Listener()
        self.models = ModelRegistry()
        self.watchers = ThreadSubscriptions()
        self._flusher = Flusher(self._on_stop_request, self._on_lease_lost)
        self._running: dict[int, ActiveResponse] = {}
        self._waiting: dict[int, ActiveResponse] = {}  # those of them whose turn has yet to come
        self._tasks: set[asyncio.Task[Any]] = set()
        self._titles: set[asyncio.Task[None]] = set()
        self._services: list[asyncio.Task[Any]] = []
        self._draining = False

    async def start(self) -> None:
        """Begin listening, flushing, renewing leases and reaping."""
        self.listener.on("log", self.logs.on_notify)
        self.listener.on("end", self._on_end_notification)
        self.listener.on("stop", lambda facts: self._on_stop_request(StopRequest(*facts)))
        self.listener.on("tool", lambda facts: self.logs.publish_tool_event(*facts))
        self.listener.on("thread", self.watchers.on_notify)
        self.listener.on("deleted", self.watchers.on_thread_deleted)
        self.listener.on("refused", self.watchers.on_access_revoked)
        self.listener.on_reconnect(self._refresh_all)
        loops = (
            self.listener.run(),
            self._flusher.run(),
            Leases(self.process, self._renewed, self._lease_missing, self._on_stop_request).keep(),
            self._send_heartbeats(),
        )
        self._services = [asyncio.create_task(loop) for loop in loops]
        self._warming = asyncio.create_task(self.models.warm())

    @property
    def has_room(self) -> bool:
        return not self._draining and len(self._running) < settings.active_total

    # Responses

    async def send(self, claim_context: ClaimContext, request: SendRequest | RegenerateRequest) -> Response:
        """Claim a response and run it, or attach to the one that exists. A caller who leaves meanwhile changes nothing."""
        if request.response_id is None:
            request = replace(request, response_id=str(uuid4()))  # by which a second attempt knows it again
        return await asyncio.shield(self._spawn(self._claim(claim_context, request)))

    async def _claim(self, claim_context: ClaimContext, request: SendRequest | RegenerateRequest) -> Response:
        claim, model_context = await db.run_async(
            claim_with_context, claim_context, request, self._context_limits
        )
        if claim.job is not None:
            self.run(claim.job, model_context)
        for displaced in claim.displaced:
            self._spawn(self.stop(displaced, None))
        if claim.displaced:
            await self.logs.started(claim.response.pk)
        return claim.response

    def _context_limits(self, model: str) -> ContextLimits:
        return context_limits(self.models.profile(model))

    def run(self, job: Job, model_context: ModelContext | None) -> None:
        """Take on a claimed response. From here on it ends exactly once, whatever happens."""
        tail = self.logs.write(job.response)
        writer = self._flusher.open(job.response, job.epoch, tail)
        running = self._running[job.response] = ActiveResponse(job, writer, model_context)
        if job.queued:
            self._waiting[job.response] = running
        if self._draining:
            running.end(Outcome(Status.INTERRUPTED))
        self._spawn(self._supervise(running))

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _supervise(self, running: ActiveResponse) -> None:
        job, final = running.job, None
        try:
            outcome = await running.wait_for_outcome(self._outcome(running))
            final = await self._finish(running, outcome)
            logger.info(
                "action=response_ended response=%d status=%s", job.response, final.status if final else "lost"
            )
        finally:
            self._running.pop(job.response, None)
            self._waiting.pop(job.response, None)
            self.logs.close(job.response, final)
            self._on_turn_changed(job.thread)
        if settings.title_model and final is not None and final.status == Status.DONE:
            title = self._spawn(self._improve_title(job.response))
            self._titles.add(title)
            title.add_done_callback(self._titles.discard)

    async def _improve_title(self, response: int) -> None:
        try:
            client, *_ = await self.models.clients(settings.title_model)
            await titles.improve_title(response, client)
        except (ChatError, TimeoutError) as problem:
            logger.info("action=title_left response=%d reason=%s", response, type(problem).__name__)

    async def _outcome(self, running: ActiveResponse) -> Outcome:
        await running.wait_for_turn()
        if running.decided:
            return running.verdict or Outcome(Status.INTERRUPTED)
        self._waiting.pop(running.job.response, None)
        running.writer.tail.start()
        job = running.job
        # A long history is not kept for as long as its answer takes.
        model_context, running.model_context = running.model_context, None
        engine = Engine(
            running.writer,
            tools.configured_tools(),
            self._context(job),
            self._tool_event_publisher(running),
            model_context,
        )
        del model_context
        running.answering = asyncio.create_task(engine.respond(partial(self._clients, job.model)))
        return replace(await running.wait_for_outcome(running.answering), usage=engine.usage)

    async def _clients(self, model: str) -> list[ModelClient]:
        """What answers for a model. First its imports in their thread: the loop would stand still, and leases run out."""
        await asyncio.shield(self._warming)
        return await self.models.clients(model)

    def _context(self, job: Job) -> ToolContext:
        async def search_own(words: str) -> list[dict[str, str]]:
            return await db.atomic_async(search.search_words, job.owner, words)

        return ToolContext(job.owner, job.thread, search_own)

    def _tool_event_publisher(self, running: ActiveResponse) -> Any:
        def hint(name: str, state: str) -> None:
            running.writer.tail.hint(ToolEvent(name, state))
            self._spawn(_notify_best_effort("tool", running.job.response, name, state))

        return hint

    async def _finish(self, running: ActiveResponse, outcome: Outcome) -> Response | None:
        """Write down the end, however long the database is away."""
        rest = await self._flusher.close(running.writer)
        while not running.lost:
            try:
                final = await db.run_async(lifecycle.finish, rest, outcome)
                if final is not None:
                    return final
                running.lost = True
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
        return await self._final_state_elsewhere(rest)

    async def _final_state_elsewhere(self, rest: Append) -> Response | None:
        """What somebody else makes of a response that was taken from us: readers are told nothing but its end."""
        while True:
            with contextlib.suppress(Unavailable):
                row = await db.atomic_async(storage.state, rest.response)
                if row is None or row.ended:
                    return row
            await asyncio.sleep(RETRY_SECONDS)

    # Stopping

    async def stop(self, response: int, offset: int | None) -> Response | None:
        """End a response, wherever it runs; its final state, at most STOP_SECONDS later. None: it is gone."""
        if not await db.atomic_async(lifecycle.request_stop, response, offset):
            return await db.atomic_async(storage.state, response)
        self._on_stop_request(StopRequest(response, offset))
        ended = await db.atomic_async(lifecycle.finish_orphan, response, expired=True)
        return ended or await self._ended(response)

    async def _ended(self, response: int) -> Response | None:
        """Wait for the owner to end it; an owner that does not is fenced off."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                return await self.logs.final(response)
        fenced = await db.atomic_async(lifecycle.finish_orphan, response, expired=False)
        return fenced or await db.atomic_async(storage.state, response)

    def _on_stop_request(self, stopping: StopRequest) -> None:
        running = self._running.get(stopping.response)
        if running is not None:
            running.end(Outcome(Status.STOPPED, "stop", offset=stopping.offset))

    def _on_lease_lost(self, response: int) -> None:
        running = self._running.get(response)
        if running is not None:
            logger.warning("action=lease_lost response=%d", response)
            running.abandon()

    # Other processes

    def _on_end_notification(self, facts: list[Any]) -> None:
        response, thread = facts
        self.logs.on_notify([response])
        self._on_turn_changed(thread)

    def _on_turn_changed(self, thread: int) -> None:
        for running in self._waiting.values():
            if running.job.thread == thread:
                running.check_turn()

    def _refresh_all(self) -> None:
        """Rings may have been missed: look at everything that somebody may have rung for."""
        self.logs.refresh_all()
        for running in self._waiting.values():
            running.check_turn()

    def _renewed(self) -> list[int]:
        """What this process still holds a lease of."""
        return [response for response, running in self._running.items() if not running.lost]

    def _lease_missing(self, response: int) -> None:
        """A heartbeat did not find a response among ours: it was taken away, unless it is just ending."""
        running = self._running.get(response)
        if running is not None and running.verdict is None and not running.answered:
            self._on_lease_lost(response)

    async def _send_heartbeats(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_INTERVAL)
            self.logs.send_heartbeat()

    async def drain(self) -> None:
        """Write everything down before the process goes: what runs ends as `interrupted`, and its readers hear it."""
        self._draining = True
        for running in list(self._running.values()):
            running.end(Outcome(Status.INTERRUPTED))
        for title in self._titles:
            title.cancel()
        ends = time.monotonic() + DRAIN_SECONDS
        while self._tasks and time.monotonic() < ends:  # a claim under way leads to one more
            await asyncio.wait(self._tasks, timeout=max(0.0, ends - time.monotonic()))
        for service in self._services:
            service.cancel()
        await self.models.close()


async def _notify_best_effort(topic: str, *facts: Any) -> None:
    with contextlib.suppress(Unavailable):
        await db.atomic_async(notifications.notify, topic, *facts)
