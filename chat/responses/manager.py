"""The responses that run in this process: start, stop, end, and the notifications of other processes."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import time
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar
from uuid import uuid4

from chat import db, tools
from chat.conf import settings
from chat.db import detached, health
from chat.db.notifications import hearing, make_listener, read_subject, run_subject
from chat.exceptions import Unavailable, format_traceback_without_message
from chat.files.reader import FileReader
from chat.llm.clients.base import ModelClient, ModelRequest
from chat.llm.registry import ModelRegistry
from chat.models import Response, Status
from chat.responses import lifecycle, stored_end, titles, waiting
from chat.responses.active_response import ActiveResponse
from chat.responses.claims.claim import Claim
from chat.responses.claims.turns import Job
from chat.responses.engine import Engine
from chat.responses.leases import Leases
from chat.responses.lifecycle import Outcome
from chat.responses.thread_events import ThreadSubscriptions
from chat.responses.usage.recorder import UsageRecorder
from chat.responses.usage.upstream_calls import from_answering
from chat.responses.waiting import StaffDecision, Wait
from chat.schemas import RegenerateRequest, SendRequest
from chat.schemas.answers import AnswerBody
from chat.streams import Flusher, LogRegistry, storage
from chat.streams.storage import Append, StopRequest
from chat.telemetry import telemetry
from chat.tools import Tool, ToolServers, client_tools

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Seconds until a stop answers; an owner that has not reacted by then is taken for dead and fenced off.
STOP_SECONDS = 2.0

# Of the 5 s in which a process has to end.
DRAIN_SECONDS = 4.0

# Then, for the listener's connection to be closed.
CLOSE_SECONDS = 0.5

# Seconds; readers get a sign of life at least every 15 s, even if two heartbeats are late.
HEARTBEAT_INTERVAL = 5.0


class ResponseRunner:
    """Runs responses. There is one per process and event loop."""

    def __init__(self, tool_servers: ToolServers) -> None:
        self.process = uuid4()
        self.logs = LogRegistry()
        self.listener = make_listener()
        self.models = ModelRegistry()
        self.subscriptions = ThreadSubscriptions()
        self.files = FileReader()
        self.tool_servers = tool_servers
        self._flusher = Flusher(self._on_stop_request, self._on_lease_lost)
        self._active: dict[int, ActiveResponse] = {}
        self._queued: dict[int, ActiveResponse] = {}  # those of them whose turn has yet to come
        self._tasks: set[asyncio.Task[Any]] = set()
        self._titles: set[asyncio.Task[None]] = set()
        self._services: list[asyncio.Task[Any]] = []
        self._draining = False

    async def start(self) -> None:
        """Begin listening, flushing, renewing leases and reaping orphans."""
        self.listener.on("log", self.logs.on_notify)
        self.listener.on("end", self._on_end_notification)
        self.listener.on("stop", lambda facts: self._on_stop_request(StopRequest(*facts)))
        self.listener.on("thread", self.subscriptions.on_notify)
        self.listener.on("deleted", self.subscriptions.on_thread_deleted)
        self.listener.on_reconnect(self._refresh_all)
        loops = (
            self.listener.run(),
            self._flusher.run(),
            Leases(self.process, self._owned, self._on_lease_missing, self._on_stop_request).keep(),
            self._send_heartbeats(),
            self._expire_requests(),
        )
        self._services = [asyncio.create_task(loop) for loop in loops]
        self._warming = asyncio.create_task(self._warm())
        self.files.start()

    async def _warm(self) -> None:
        await self.models.warm()
        # What was imported stays to the end: looking at it again and again would hold the loop for 50 ms each time.
        gc.freeze()

    def figures(self) -> dict[str, float]:
        """Return the gauges of the responses that run here."""
        return {
            "chat_active_responses": len(self._active),
            "chat_queued_responses": len(self._queued),
            "chat_received_notifications": self.listener.received,
            "chat_unflushed_bytes": self._flusher.pending,
        }

    @property
    def has_room(self) -> bool:
        return not self._draining and len(self._active) < settings.active_total

    async def send(self, claim: Claim, request: SendRequest | RegenerateRequest) -> Response:
        """Claim a response and run it, or attach to the existing one. A caller that leaves meanwhile changes nothing."""
        if request.response_id is None:
            request = replace(request, response_id=str(uuid4()))  # identifies it in a repeated attempt
        return await detached.result_of(self._spawn(self._claim(claim, request)))

    async def _claim(self, claim: Claim, request: SendRequest | RegenerateRequest) -> Response:
        with telemetry().span("chat.claim", {}):
            await db.run_async(claim.make, request, self.models)
            if claim.job is not None:
                self.run(claim.job, claim.first_request)
        for response in claim.displaced:
            self._spawn(self.stop(response, None))
        if claim.displaced:
            await self.logs.started(claim.response.pk)
        return claim.response

    def run(self, job: Job, first_request: ModelRequest | None = None) -> None:
        """Run a claimed response. From now on it ends exactly once, whatever happens."""
        tail = self.logs.write(job.response)
        if job.resumed is not None:
            tail.begin(job.resumed.row)
            tail.load_tools(job.resumed.uses, job.resumed.requests)
        writer = self._flusher.open(job.response, job.epoch, tail, job.resumed.row if job.resumed else None)
        active = self._active[job.response] = ActiveResponse(job, writer, first_request)
        if job.queued:
            self._queued[job.response] = active
        if self._draining:
            active.end(Outcome(Status.INTERRUPTED))
        self._spawn(self._supervise(active))

    def _spawn(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _supervise(self, active: ActiveResponse) -> None:
        job = active.job
        try:
            span = telemetry().span("chat.response", job.span_attributes)
            with span, hearing(run_subject(job.owner)):
                final = await self._run_to_end(active)
        except Exception as problem:
            # Unforeseen: it is an orphan now. Left to asyncio, the log would get the message, which may quote content.
            logger.error(
                "action=response_lost response=%d reason=%s\n%s",
                job.response,
                type(problem).__name__,
                format_traceback_without_message(problem),
            )
            return
        if settings.title_model and final is not None and final.status == Status.DONE:
            title = self._spawn(self._improve_title(job.response))
            self._titles.add(title)
            title.add_done_callback(self._titles.discard)

    async def _run_to_end(self, active: ActiveResponse) -> Response | None:
        """Run a response until it has ended and return its final state; None if it waits for a person, or is gone."""
        job, final = active.job, None
        earlier = job.resumed.calls if job.resumed else ()
        recorder = UsageRecorder(self.models.token_estimator, earlier=earlier)
        try:
            try:
                outcome = await self._generate(active, recorder)
            except BaseException as problem:  # cancellations too: a stop is one
                outcome = active.outcome_of(problem)
            outcome = replace(outcome, calls=recorder.calls, unstored=recorder.unstored)
            rest = await self._flusher.close(active.writer)
            if outcome.wait is not None and await self._wait_for_person(active, rest, outcome.wait):
                return None
            if outcome.wait is not None:  # a stop, or another owner, came first
                outcome = active.verdict or replace(outcome, status=Status.STOPPED, finish_reason="stop")
            final = await stored_end.store(active, rest, outcome)
            if final is not None and not active.lost:  # else another process ended it, and reported that
                lifecycle.log_end(final)
        finally:
            self._active.pop(job.response, None)
            self._queued.pop(job.response, None)
            self.logs.close(job.response, final)
            self._on_turn_changed(job.thread)
            self._resume(active.next_job)
        return final

    async def _wait_for_person(self, active: ActiveResponse, rest: Append, wait: Wait) -> bool:
        """Store what a response waits for, and let go of it, however long the database is unavailable; False if it ends."""
        while not active.decided:
            try:
                waits = await db.atomic_async(waiting.begin, rest, wait, active.writer.active_ms)
            except Unavailable:
                await asyncio.sleep(stored_end.RETRY_SECONDS)
                continue
            if waits:
                self.logs.hand_over(active.job.response)
                logger.info(
                    "action=response_waits response=%d requests=%d", rest.response, len(wait.requests)
                )
            return waits
        return False

    async def _generate(self, active: ActiveResponse, recorder: UsageRecorder) -> Outcome:
        """Wait for the turn of a response, then let the engine answer."""
        if active.job.queued:  # what it waits for ends elsewhere
            with hearing(read_subject(active.job.owner), active.check_turn):
                await active.wait_for_turn()
        if active.decided:
            return active.verdict or Outcome(Status.INTERRUPTED)
        job = active.job
        self._queued.pop(job.response, None)
        active.writer.tail.start()
        wait = self.files.wait
        engine = Engine(
            active.writer, self.models, recorder, job, active.take_first_request(), wait_for_files=wait
        )
        active.answering = asyncio.current_task()
        try:
            return await engine.respond(*await self._clients_and_tools(job))
        finally:
            active.answering, active.answered = None, True

    async def _clients_and_tools(self, job: Job) -> tuple[list[ModelClient], dict[str, Tool]]:
        """Return the models that may answer, the wanted one first, and the tools that may be offered to them."""
        clients = await self._clients(job.model)
        if job.resumed is not None:
            clients = from_answering(clients, job.resumed.calls)
        # A rule that changed since keeps no answer from going on.
        clients[1:] = [one for one in clients[1:] if one.profile.name in job.rights.models]
        offered: dict[str, Tool] = {}
        if job.awaits_results or not job.client_tools:
            needed = [request.tool for request in job.resumed.requests] if job.resumed else []
            found = await self.tool_servers.offered(tools.tools_of(job.model), job.owner, needed)
            offered = job.rights.permitted(found)
        if job.awaits_results:
            offered = offered | client_tools(job.client_tools)
        return clients, offered

    async def _clients(self, model: str) -> list[ModelClient]:
        """Return the clients of a model, once their modules are imported: on the event loop that would delay leases."""
        await asyncio.shield(self._warming)
        return await self.models.clients(model)

    async def _improve_title(self, response: int) -> None:
        after_all_rounds = settings.tool_rounds + 1
        recorder = UsageRecorder(self.models.token_estimator, after_all_rounds)
        await titles.improve_title(response, self.models, recorder)

    async def answer(self, owner: int, public_id: str, given: AnswerBody) -> Status:
        """Take a person's answer to a request of a response, which goes on here if no other is open; return its status."""
        return await detached.result_of(self._spawn(self._answer_request(owner, public_id, given)))

    async def _answer_request(self, owner: int, public_id: str, given: AnswerBody) -> Status:
        status, job = await db.atomic_async(
            waiting.answer, owner, public_id, given, self.process, self.has_room
        )
        self._resume(job)
        return status

    async def answer_as_staff(self, given: StaffDecision) -> None:
        """Take the decision of staff, as `answer` does the answer of a user."""

        async def take() -> None:
            _, job = await db.atomic_async(waiting.answer_as_staff, given, self.process, self.has_room)
            self._resume(job)

        await detached.result_of(self._spawn(take()))

    def _resume(self, job: Job | None) -> None:
        if job is None:
            return
        former = self._active.get(job.response)
        if former is None:
            self.run(job)
        elif (
            former.job.epoch < job.epoch
        ):  # it has yet to hear of its own commit, by which the response waits
            former.next_job = job

    async def _expire_requests(self) -> None:
        """End requests whose deadline has passed, until cancelled."""
        while True:
            await asyncio.sleep(settings.heartbeat_seconds)
            try:
                for job in await db.atomic_async(waiting.expire, self.process) if self.has_room else ():
                    self._resume(job)
            except Unavailable:
                continue
            except Exception as problem:
                # Unforeseen; but without another round no deadline would pass here any more.
                if not health.is_unmigrated(problem):
                    logger.error(
                        "action=expiry_failed reason=%s\n%s",
                        type(problem).__name__,
                        format_traceback_without_message(problem),
                    )

    async def stop(self, response: int, offset: int | None) -> Response | None:
        """Stop a response in whichever process and return its final state within STOP_SECONDS; None if it is deleted."""
        if not await db.atomic_async(lifecycle.request_stop, response, offset):
            return await db.atomic_async(storage.state, response)
        self._on_stop_request(StopRequest(response, offset))
        ended = await db.atomic_async(lifecycle.finish_orphan, response, expired=True)
        if ended is None:
            return await self._wait_for_end(response)
        lifecycle.log_end(ended)
        return ended

    async def _wait_for_end(self, response: int) -> Response | None:
        """Wait for the owner to end a response; fence off an owner that does not."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS):
                return await self.logs.final(response)
        fenced = await db.atomic_async(lifecycle.finish_orphan, response, expired=False)
        if fenced is not None:
            lifecycle.log_end(fenced)
        return fenced or await db.atomic_async(storage.state, response)

    def stop_unread(self, response: int) -> None:
        """Stop a response that runs here and that no reader in this process follows any more."""
        if not self.logs.readers(response):
            self._on_stop_request(StopRequest(response, None))

    def _on_stop_request(self, stop: StopRequest) -> None:
        active = self._active.get(stop.response)
        if active is not None:
            active.end(Outcome(Status.STOPPED, "stop", offset=stop.offset))

    def _on_lease_lost(self, response: int) -> None:
        active = self._active.get(response)
        if active is not None:
            logger.warning("action=lease_lost response=%d", response)
            active.abandon()

    # Other processes

    def _on_end_notification(self, facts: list[Any]) -> None:
        response, thread = facts
        self.logs.on_notify([response])
        self._on_turn_changed(thread)

    def _on_turn_changed(self, thread: int) -> None:
        for active in self._queued.values():
            if active.job.thread == thread:
                active.check_turn()

    def _refresh_all(self) -> None:
        """Check everything that a lost notification may have been about."""
        self.logs.refresh_all()
        for active in self._queued.values():
            active.check_turn()

    def _owned(self) -> list[int]:
        return [response for response, active in self._active.items() if not active.lost]

    def _on_lease_missing(self, response: int) -> None:
        """Give up a response whose lease a heartbeat did not find, unless it is just ending."""
        active = self._active.get(response)
        if active is not None and active.verdict is None and not active.answered:
            self._on_lease_lost(response)

    async def _send_heartbeats(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_INTERVAL)
            self.logs.send_heartbeat()

    async def finish(self) -> None:
        """Wait until no response runs or is queued here any more."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def drain(self) -> None:
        """End all responses as `interrupted`, store them, and stop the background work, within DRAIN_SECONDS."""
        self._draining = True
        for active in list(self._active.values()):
            active.end(Outcome(Status.INTERRUPTED))
        for title in self._titles:
            title.cancel()
        ends = time.monotonic() + DRAIN_SECONDS
        while self._tasks and time.monotonic() < ends:  # a claim under way leads to one more
            await asyncio.wait(self._tasks, timeout=max(0.0, ends - time.monotonic()))
        for service in self._services:
            service.cancel()
        await asyncio.wait(self._services, timeout=CLOSE_SECONDS)
        await self.files.stop()
        await self.tool_servers.close()
        await self.models.close()
