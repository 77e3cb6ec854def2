"""A driver for conversations at the level of the database: prompts, streams, tools, stops, crashes; no model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models.functions import Now

from chat.exceptions import ChatError
from chat.llm.sse.accumulator import ToolCall
from chat.models import Message, Response, Status, Thread, User
from chat.responses import lifecycle, tool_rounds
from chat.responses.claims import turns
from chat.responses.claims.claim import Claim
from chat.responses.claims.turns import Job
from chat.responses.lifecycle import Outcome
from chat.schemas import Content, RegenerateRequest, SendRequest
from chat.streams import storage
from chat.streams.storage import Append, LogSegment
from chat.text import think_item
from chat.threads.history import history_for_model
from chat.tools import ToolResult
from tests.integration.grammar import Json, as_sent

NAME = "the-thread"
# Characters: an unreachable budget.
EVERYTHING = 10**12


@dataclass
class DrivenStream:
    """A response in its process: its segments, of which the table lacks those from `stored` on."""

    job: Job
    pieces: list[LogSegment] = field(default_factory=list)
    stored: int = 0  # pieces
    words: str = ""  # said since the last round of tools
    rounds: int = 0

    @property
    def prompt(self) -> int:
        """Return the primary key of the answered message."""
        return Response.objects.get(pk=self.job.response).prompt_id

    def length(self, pieces: int) -> int:
        return sum(len(piece.data) for piece in self.pieces[:pieces])

    def missing(self, upto: int | None = None) -> Append:
        start = self.length(self.stored)
        return Append(self.job.response, self.job.epoch, start, self.pieces[self.stored : upto])


class ConversationDriver:
    """One user and one thread; `running` are the responses whose process lives, oldest first."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.process = uuid4()
        self.running: list[DrivenStream] = []

    # Actions of a user

    def prompt(self, content: str | Content, **wanted: Any) -> DrivenStream | None:
        """Send a prompt and end the response that it interrupts. Return None where it is refused."""
        content = Content(content) if isinstance(content, str) else content
        request = SendRequest(content, thread_id=NAME, **wanted)
        return self._start_stream(request)

    def regenerate(self, response: str, busy: str = "interrupt") -> DrivenStream | None:
        return self._start_stream(RegenerateRequest(response, busy=busy))

    def _start_stream(self, request: SendRequest | RegenerateRequest) -> DrivenStream | None:
        claim = Claim(self.user.pk, self.process, True, "")
        try:
            with transaction.atomic():
                claim.claim(request)
        except ChatError:
            return None
        assert claim.job is not None
        stream = DrivenStream(claim.job)
        self.running.append(stream)
        for displaced in claim.displaced:
            self.end(self.of(displaced), Status.STOPPED)
        self.promote()
        return stream

    # Actions of a process

    def of(self, response: int) -> DrivenStream:
        return next(stream for stream in self.running if stream.job.response == response)

    def say(self, stream: DrivenStream, words: str) -> None:
        stream.pieces.append(LogSegment(words.encode(), b"", False))
        stream.words += words

    def think(self, stream: DrivenStream) -> None:
        stream.pieces.append(LogSegment(think_item("Using a tool", "clock").encode(), b"", True))

    def flush(self, stream: DrivenStream, upto: int | None = None) -> None:
        """Store the pieces before number `upto`."""
        addition = stream.missing(upto)
        if addition.pieces:
            assert storage.append([addition])[0] == {stream.job.response}
            stream.stored += len(addition.pieces)

    def tools(self, stream: DrivenStream, results: Sequence[str]) -> None:
        """Run a round of one call for each result. The call ids repeat those of other responses."""
        assert self.add_round(stream, results)
        stream.words = ""
        stream.rounds += 1

    def add_round(self, stream: DrivenStream, results: Sequence[str]) -> bool:
        calls = [ToolCall(f"call_{stream.rounds}_{n}", "clock", "{}") for n in range(len(results))]
        response, epoch, offset = stream.job.response, stream.job.epoch, stream.length(len(stream.pieces))
        called = {call.id: ToolResult(result) for call, result in zip(calls, results, strict=True)}
        return tool_rounds.add_round(response, epoch, stream.words, offset, calls, called)

    def end(self, stream: DrivenStream, status: Status, offset: int | None = None) -> None:
        self.running.remove(stream)
        if status == Status.STOPPED:
            lifecycle.request_stop(stream.job.response, offset)
        ended = lifecycle.finish(stream.missing(), Outcome(status, offset=offset))
        assert ended is not None
        assert ended.status == status
        self.promote()

    def crash(self, stream: DrivenStream) -> None:
        """Crash the process: unstored text is lost, and another process ends the response."""
        self.running.remove(stream)
        Response.objects.filter(pk=stream.job.response).update(lease_until=Now() - timedelta(seconds=1))
        ended = lifecycle.finish_orphan(stream.job.response, expired=True)
        assert ended is not None
        self.promote()

    def promote(self) -> None:
        for stream in self.running:
            if turns.promote(stream.job):
                return

    # State

    @property
    def thread(self) -> Thread:
        return Thread.objects.get(owner=self.user, public_id=NAME)

    def streaming(self) -> list[DrivenStream]:
        pks = Response.objects.filter(owner=self.user, status=Status.STREAMING).values_list("pk", flat=True)
        return [stream for stream in self.running if stream.job.response in set(pks)]

    def rows(self) -> dict[int, Message]:
        """Return all placed messages by primary key."""
        found = Message.objects.filter(owner=self.user, turn__isnull=False).select_related("response")
        return {row.pk: row for row in found.order_by("turn", "position")}


def history(leaf: int | None, budget: int = EVERYTHING) -> list[Json]:
    """Return the model's history for this leaf, as sent over the wire."""
    return as_sent(history_for_model(leaf or 0, budget))
