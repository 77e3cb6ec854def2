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

from chat import doorbell, store, titles, tools
from chat.conf import settings
from chat.doorbell import Listener
from chat.engine import Engine, terms_of
from chat.errors import ChatError, Unavailable
from chat.leases import Leases
from chat.log import Flusher, Logs, Tool
from chat.model_clients import Models
from chat.model_clients.base import ModelClient
from chat.models import Response, Status
from chat.payloads import Again, Send
from chat.running import Running
from chat.store import lifecycle, logs, prompts, search
from chat.store.claims import Claimant
from chat.store.hidden import Prepared, Terms
from chat.store.lifecycle import Outcome
from chat.store.logs import Addition, Stopping
from chat.store.turns import Job
from chat.tools import ToolContext
from chat.watchers import Watchers

logger = logging.getLogger(__name__)

T = TypeVar("T")

STOP_SECONDS = 2.0  # a stop answers by then; an owner that has not reacted is taken for dead and fenced off
DRAIN_SECONDS = 4.0  # of the 5 s that a process has to end in
RETRY_SECONDS = 0.25  # between two attempts to write down how a response ended
BEAT_SECONDS = 5.0  # readers get a sign of life at least every 15 s, even if two beats are late


class Runner:
    """One per process and event loop."""

    def __init__(self) -> None:
        self.process = uuid4()
        self.logs = Logs()
        self.listener = Listener()
        self.models = Models()
        self.watchers = Watchers()
        self._flusher = Flusher(self._stop_found, self._lost)
        self._running: dict[int, Running] = {}
        self._waiting: dict[int, Running] = {}  # those of them whose turn has yet to come
        self._tasks: set[asyncio.Task[Any]] = set()
        self._titles: set[asyncio.Task[None]] = set()
        self._services: list[asyncio.Task[Any]] = []
        self._draining = False

    async def start(self) -> None:
        """Begin listening, flushing, renewing leases and reaping."""
        self.listener.on("log", self.logs.rung)
        self.listener.on("end", self._ended_somewhere)
        self.listener.on("stop", lambda facts: self._stop_found(Stopping(*facts)))
        self.listener.on("tool", lambda facts: self.logs.hinted(*facts))
        self.listener.on("thread", self.watchers.rung)
        self.listener.on("deleted", self.watchers.deleted)
        self.listener.on("refused", self.watchers.refused)
        self.listener.on_reconnect(self._look_everywhere)
        loops = (
            self.listener.run(),
            self._flusher.run(),
            Leases(self.process, self._renewed, self._lease_missing, self._stop_found).keep(),
            self._beat(),
        )
        self._services = [asyncio.create_task(loop) for loop in loops]
        self._warming = asyncio.create_task(self.models.warm())

    @property
    def has_room(self) -> bool:
        return not self._draining and len(self._running) < settings.active_total

    # Responses

    async def send(self, claimant: Claimant, request: Send | Again) -> Response:
        """Claim a response and run it, or attach to the one that exists. A caller who leaves meanwhile changes nothing."""
        if request.response_id is None:
            request = replace(request, response_id=str(uuid4()))  # by which a second attempt knows it again
        return await asyncio.shield(self._spawn(self._claim(claimant, request)))

    async def _claim(self, claimant: Claimant, request: Send | Again) -> Response:
        claim, prepared = await store.look(prompts.take, claimant, request, self._terms)
        if claim.job is not None:
            self.run(claim.job, prepared)
        for displaced in claim.displaced:
            self._spawn(self.stop(displaced, None))
        if claim.displaced:
            await self.logs.started(claim.response.pk)
        return claim.response

    def _terms(self, model: str) -> Terms:
        return terms_of(self.models.traits(model))

    def run(self, job: Job, prepared: Prepared | None) -> None:
        """Take on a claimed response. From here on it ends exactly once, whatever happens."""
        tail = self.logs.write(job.response)
        writer = self._flusher.open(job.response, job.epoch, tail)
        running = self._running[job.response] = Running(job, writer, prepared)
        if job.queued:
            self._waiting[job.response] = running
        if self._draining:
            running.end(Outcome(Status.INTERRUPTED))
        self._spawn(self._see_through(running))

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _see_through(self, running: Running) -> None:
        job, final = running.job, None
        try:
            outcome = await running.judged(self._outcome(running))
            final = await self._finish(running, outcome)
            logger.info(
                "action=response_ended response=%d status=%s", job.response, final.status if final else "lost"
            )
        finally:
            self._running.pop(job.response, None)
            self._waiting.pop(job.response, None)
            self.logs.close(job.response, final)
            self._turn_changed(job.thread)
        if settings.title_model and final is not None and final.status == Status.DONE:
            title = self._spawn(self._improve_title(job.response))
            self._titles.add(title)
            title.add_done_callback(self._titles.discard)

    async def _improve_title(self, response: int) -> None:
        try:
            client, *_ = await self.models.clients(settings.title_model)
            await titles.improve(response, client)
        except (ChatError, TimeoutError) as problem:
            logger.info("action=title_left response=%d reason=%s", response, type(problem).__name__)

    async def _outcome(self, running: Running) -> Outcome:
        await running.wait_for_turn()
        if running.decided:
            return running.verdict or Outcome(Status.INTERRUPTED)
        self._waiting.pop(running.job.response, None)
        running.writer.tail.start()
        job = running.job
        # A long history is not kept for as long as its answer takes.
        prepared, running.prepared = running.prepared, None
        engine = Engine(running.writer, tools.chosen(), self._context(job), self._hinter(running), prepared)
        del prepared
        running.answering = asyncio.create_task(engine.respond(partial(self._clients, job.model)))
        return replace(await running.judged(running.answering), usage=engine.usage)

    async def _clients(self, model: str) -> list[ModelClient]:
        """What answers for a model. First its imports in their thread: the loop would stand still, and leases run out."""
        await asyncio.shield(self._warming)
        return await self.models.clients(model)

    def _context(self, job: Job) -> ToolContext:
        async def search_own(words: str) -> list[dict[str, str]]:
            return await store.run(search.search_words, job.owner, words)

        return ToolContext(job.owner, job.thread, search_own)

    def _hinter(self, running: Running) -> Any:
        def hint(name: str, state: str) -> None:
            running.writer.tail.hint(Tool(name, state))
            self._spawn(_ring_quietly("tool", running.job.response, name, state))

        return hint

    async def _finish(self, running: Running, outcome: Outcome) -> Response | None:
        """Write down the end, however long the database is away."""
        rest = await self._flusher.close(running.writer)
        while not running.lost:
            try:
                final = await store.look(lifecycle.finish, rest, outcome)
                if final is not None:
                    return final
                running.lost = True
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
        return await self._settled(rest)

    async def _settled(self, rest: Addition) -> Response | None:
        """What somebody else makes of a response that was taken from us: readers are told nothing but its end."""
        while True:
            with contextlib.suppress(Unavailable):
                row = await store.run(logs.state, rest.response)
                if row is None or row.ended:
                    return row
            await asyncio.sleep(RETRY_SECONDS)

    # Stopping

    async def stop(self, response: int, offset: int | None) -> Response | None:
        """End a response, wherever it runs; its final state, at most STOP_SECONDS later. None: it is gone."""
        if not await store.run(lifecycle.request_stop, response, offset):
            return await store.run(logs.state, response)
        self._stop_found(Stopping(response, offset))
        ended = await store.run(lifecycle.end_abandoned, response, expired=True)
        return ended or await self._ended(response)

    async def _ended(self, response: int) -> Response | None:
        """Wait for the owner to end it; an owner that does not is fenced off."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                return await self.logs.final(response)
        fenced = await store.run(lifecycle.end_abandoned, response, expired=False)
        return fenced or await store.run(logs.state, response)

    def _stop_found(self, stopping: Stopping) -> None:
        running = self._running.get(stopping.response)
        if running is not None:
            running.end(Outcome(Status.STOPPED, "stop", offset=stopping.offset))

    def _lost(self, response: int) -> None:
        running = self._running.get(response)
        if running is not None:
            logger.warning("action=lease_lost response=%d", response)
            running.lose()

    # Other processes

    def _ended_somewhere(self, facts: list[Any]) -> None:
        response, thread = facts
        self.logs.rung([response])
        self._turn_changed(thread)

    def _turn_changed(self, thread: int) -> None:
        for running in self._waiting.values():
            if running.job.thread == thread:
                running.look()

    def _look_everywhere(self) -> None:
        """Rings may have been missed: look at everything that somebody may have rung for."""
        self.logs.look_everywhere()
        for running in self._waiting.values():
            running.look()

    def _renewed(self) -> list[int]:
        """What this process still holds a lease of."""
        return [response for response, running in self._running.items() if not running.lost]

    def _lease_missing(self, response: int) -> None:
        """A heartbeat did not find a response among ours: it was taken away, unless it is just ending."""
        running = self._running.get(response)
        if running is not None and running.verdict is None and not running.answered:
            self._lost(response)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            self.logs.beat()

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


async def _ring_quietly(topic: str, *facts: Any) -> None:
    with contextlib.suppress(Unavailable):
        await store.run(doorbell.ring, topic, *facts)


_of_this_process: list[Runner] = []


async def current() -> Runner:
    """The runner of this process, started when it is first needed."""
    if not _of_this_process:
        _of_this_process.append(Runner())
        await _of_this_process[0].start()
    return _of_this_process[0]


def readers(response: int) -> int:
    """How many read a response's log in this process now. Callable from any thread."""
    return sum(runner.logs.readers(response) for runner in _of_this_process)


async def drain() -> None:
    """End what runs in this process, before it goes."""
    for runner in _of_this_process:
        await runner.drain()
