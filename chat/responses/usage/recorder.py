"""Measurement of the model calls of one response. Every call gets a row, however it ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec

from chat.exceptions import ChatError, ModelError, ModelFailed, ModelTimeout
from chat.llm.clients.base import Messages, ModelProfile, ModelRequest
from chat.llm.sse import TokenCounts
from chat.llm.token_estimator import TokenEstimator
from chat.models import CallOutcome, TokenSource, UpstreamCall
from chat.process import process
from chat.responses.usage import blobs, upstream_calls
from chat.responses.usage.blobs import PromptBlobs
from chat.responses.usage.upstream_calls import CallRecord
from chat.telemetry import observers

# Characters that a picture counts for in an estimate: providers bill some 1,000 tokens for one.
PICTURE_CHARACTERS = 4_000

# Characters that the table keeps of the name sent upstream.
UPSTREAM_NAME_LENGTH = 200

# Causes of a failure that are kept; the longest chain of the client and its sockets has five.
CAUSES = 8


class CallStats(Protocol):
    """The result of a call so far.

    `characters`: those of text and thought, for an estimate. `token_counts`: the provider's. `first_token`: the monotonic
    time of the first text or tool call.
    """

    characters: int
    token_counts: TokenCounts | None
    first_token: float | None


class UsageRecorder:
    """The calls of one response.

    A round is one answer of the model, with a call for each model that was tried for it, and the calls that its tools make.

    `earlier`: the stored calls of a response that goes on.
    """

    __slots__ = ("_attempts", "_blobs", "_earlier", "_estimator", "_round", "_stored", "_unstored")

    def __init__(
        self,
        token_estimator: TokenEstimator,
        first_round: int = 0,
        earlier: Sequence[UpstreamCall] = (),
    ) -> None:
        self._estimator, self._blobs = token_estimator, process.part(PromptBlobs)
        self._earlier = earlier
        self._stored: list[CallRecord] = []
        self._unstored: list[CallRecord] = []
        self._round = earlier[-1].round + 1 if earlier else first_round
        # Of the round, begun: those of tools may run at once.
        self._attempts = 0

    @property
    def calls(self) -> tuple[CallRecord | UpstreamCall, ...]:
        return (*self._earlier, *self._stored, *self._unstored)

    @property
    def unstored(self) -> tuple[CallRecord, ...]:
        return tuple(self._unstored)

    def store(self, owner: int, thread: int, response: int) -> None:
        """Store the calls so far and their texts, in the current transaction."""
        upstream_calls.add(owner, thread, response, self.unstored)
        self.store_texts()

    def store_texts(self) -> None:
        """Store the texts that the rows of calls refer to by digest."""
        self._blobs.flush()

    def end_round(self) -> None:
        """Begin another round; the rows of the calls so far are stored."""
        self._stored += self._unstored
        self._unstored = []
        self._round += 1
        self._attempts = 0

    def set_timed_out(self) -> None:
        """Record that the deadline of the whole response cut the last call, if anything did."""
        if self._unstored and self._unstored[-1].outcome == CallOutcome.STOPPED:
            self._unstored[-1] = replace(
                self._unstored[-1],
                outcome=CallOutcome.FAILED,
                error_code=ModelTimeout.code,
                causes=_causes(ModelTimeout()),
            )

    def call(self, profile: ModelProfile, request: ModelRequest, stats: CallStats) -> MeasuredCall:
        """Add a row for the call that is made in the block of this; the block's end is the call's."""
        return MeasuredCall(self, profile, request, stats)

    def begin(self, request: ModelRequest) -> tuple[int, int, str, str]:
        """Return what a record has of a call's beginning: its round, its number in it, the digests of system and tools."""
        self._attempts += 1
        tools = self._blobs.digest(msgspec.json.encode(request.tools)) if request.tools else ""
        return self._round, self._attempts - 1, _digest(_system(request.messages)), tools

    def add(self, record: CallRecord) -> None:
        """Add the row of a call that has ended; it is stored with its round."""
        self._unstored.append(record)

    def tokens(self, model: str, characters: int, stats: CallStats) -> dict[str, Any]:
        """Return the provider's counts, or else our estimate, which learns from such counts."""
        counts = stats.token_counts
        # No completion for an answer with words: the count of an answer that was cut, or of a server that does not count.
        if counts and (counts.completion_tokens or not stats.characters):
            self._estimator.observe(model, characters, counts.prompt_tokens)
            return {"source": TokenSource.PROVIDER, **_bounded(counts)}
        prompt, completion = (self._estimator.tokens(model, size) for size in (characters, stats.characters))
        return {"prompt_tokens": prompt, "completion_tokens": completion}

    def request(
        self, provenance: dict[str, Any], profile: ModelProfile, digest: str, envelope: bytes, **changes: Any
    ) -> dict[str, Any]:
        """Return all that `chat.reporting.request_rebuild` needs; no provenance where nothing stored was sent."""
        if not (provenance and digest):
            return {"request_digest": digest, "provenance": None}
        digests = {
            "system": self._blobs.digest(profile.system.encode()),
            "envelope": self._blobs.digest(envelope),
        }
        return {"request_digest": digest, "provenance": {**provenance, **digests, **changes}}


class MeasuredCall:
    """A call of a model while it is made, in a block. The request is not kept: its history may be large."""

    __slots__ = (
        "_begun",
        "_characters",
        "_profile",
        "_provenance",
        "_recorder",
        "_sent",
        "_since",
        "_started_at",
        "_stats",
    )

    def __init__(
        self, recorder: UsageRecorder, profile: ModelProfile, request: ModelRequest, stats: CallStats
    ) -> None:
        self._recorder, self._profile, self._stats = recorder, profile, stats
        self._started_at, self._since = datetime.now(UTC), time.monotonic()
        self._begun, self._provenance = recorder.begin(request), request.provenance
        self._sent = request.sent_request  # its facts are known at the end
        self._characters = sum(_length(message.get("content")) for message in request.messages)

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, place: object
    ) -> None:
        profile, recorder = self._profile, self._recorder
        round_number, attempt, system, tools = self._begun
        record = CallRecord(
            model=profile.name,
            upstream_model=profile.upstream[:UPSTREAM_NAME_LENGTH],
            parameters=profile.parameters,
            round=round_number,
            attempt=attempt,
            system_digest=system,
            tools_digest=tools,
            **recorder.tokens(profile.name, self._characters, self._stats),
            **recorder.request(self._provenance, profile, **self._sent.facts()),
            **_end(self._started_at, self._since, self._stats, problem),
        )
        recorder.add(record)
        _report_end(record, self._since, self._stats)


def _end(
    started_at: datetime, since: float, stats: CallStats, problem: BaseException | None
) -> dict[str, Any]:
    """Return the fields of a record that are known when the call has ended."""
    error = problem if isinstance(problem, Exception) else None
    stopped = isinstance(problem, asyncio.CancelledError)
    outcome = CallOutcome.FAILED if error else CallOutcome.STOPPED if stopped else CallOutcome.DONE

    # The wall clock was read once, at the start: it may jump, and no call may end before it began.
    def at(monotonic: float) -> datetime:
        return started_at + timedelta(seconds=max(0.0, monotonic - since))

    return {
        "started_at": started_at,
        "first_token_at": None if stats.first_token is None else at(stats.first_token),
        "finished_at": at(time.monotonic()),
        "outcome": outcome,
        "error_code": _code(error) if error else None,
        "causes": _causes(error) if error else None,
    }


def _report_end(record: CallRecord, since: float, stats: CallStats) -> None:
    counted = {"reasoning": record.reasoning_tokens, "cached": record.cached_tokens}
    tokens = {"prompt": record.prompt_tokens, "completion": record.completion_tokens}
    tokens |= {kind: count for kind, count in counted.items() if count is not None}
    for observer in observers():
        observer.call_ended(
            record.model,
            record.upstream_model,
            record.outcome.value,
            record.error_code,
            first_token=None if stats.first_token is None else stats.first_token - since,
            seconds=time.monotonic() - since,
            tokens=tokens,
        )


def _bounded(counts: TokenCounts) -> dict[str, Any]:
    """Return the counts by column, no part larger than its whole: a provider may claim it, and a cost must not be negative."""
    reasoning, cached = counts.reasoning_tokens, counts.cached_tokens
    return {
        "prompt_tokens": counts.prompt_tokens,
        "completion_tokens": counts.completion_tokens,
        "reasoning_tokens": None if reasoning is None else min(reasoning, counts.completion_tokens),
        "cached_tokens": None if cached is None else min(cached, counts.prompt_tokens),
    }


def _code(problem: Exception) -> str:
    return problem.code if isinstance(problem, ModelError) else ModelFailed.code


def _length(content: Any) -> int:
    if isinstance(content, list):  # content parts with pictures, whose bytes are not what a provider counts
        return sum(
            len(bytes(part)) if isinstance(part, msgspec.Raw) else PICTURE_CHARACTERS for part in content
        )
    return len(bytes(content)) if isinstance(content, msgspec.Raw) else len(content or "")


def _system(messages: Messages) -> list[Any]:
    return [message["content"] for message in messages if message["role"] == "system"]


def _digest(texts: list[Any]) -> str:
    """Return the SHA-256 of the JSON of texts sent to a model; "" for none."""
    return blobs.sha256_hex(msgspec.json.encode(texts)) if texts else ""


def _causes(problem: BaseException) -> list[dict[str, str]]:
    """Return the exceptions behind a failure, outermost first. Only our own texts may be shown: others may quote content."""
    causes: list[dict[str, str]] = []
    link: BaseException | None = problem
    while link is not None and len(causes) < CAUSES:
        kind = type(link)
        named = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
        causes.append({"kind": named, "text": link.detail if isinstance(link, ChatError) else ""})
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return causes
