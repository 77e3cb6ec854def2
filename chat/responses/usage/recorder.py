"""Measures the calls of a model that one response makes. Whatever becomes of a call, it is counted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import msgspec

from chat.exceptions import ChatError, ModelError, ModelFailed, ModelTimeout
from chat.llm.clients.base import Messages, ModelProfile, ModelRequest, SentRequest
from chat.llm.token_estimator import token_estimator
from chat.models import CallOutcome, TokenSource
from chat.responses.usage import blobs
from chat.responses.usage.upstream_calls import CallRecord, ResponseUsage, total

PICTURE_CHARACTERS = (
    4_000  # that a picture counts for in an estimate: providers bill some 1,000 tokens for one
)
UPSTREAM_NAME_LENGTH = 200  # characters that the table keeps of the name sent upstream
CAUSES = 8  # of a failure, kept; the longest chain of the client and its sockets has five


class CallStats(Protocol):
    """What came of a call so far.

    `first_token`: when the first text or tool call came, on the monotonic clock. `counted`: the provider's tokens of prompt
    and completion.
    """

    characters: int
    token_counts: tuple[int, int] | None
    first_token: float | None


class UsageRecorder:
    """Of one response. A round is one answer of the model, by whichever model gave it."""

    def __init__(self, first_round: int = 0) -> None:
        self._stored: list[CallRecord] = []
        self._unstored: list[CallRecord] = []
        self._round = first_round

    @property
    def usage(self) -> ResponseUsage | None:
        """Tokens of all calls so far; None where there was none."""
        return total([*self._stored, *self._unstored], self.unstored)

    @property
    def unstored(self) -> tuple[CallRecord, ...]:
        return tuple(self._unstored)

    def round_stored(self) -> None:
        """The rows of the calls so far are written; the next call begins another round."""
        self._stored += self._unstored
        self._unstored = []
        self._round += 1

    def timed_out(self) -> None:
        """What cut the last call, if something did, was the deadline of the whole response."""
        if self._unstored and self._unstored[-1].outcome == CallOutcome.STOPPED:
            self._unstored[-1] = replace(
                self._unstored[-1],
                outcome=CallOutcome.FAILED,
                error_code=ModelTimeout.code,
                causes=_causes(ModelTimeout()),
            )

    @contextmanager
    def call(self, profile: ModelProfile, request: ModelRequest, stats: CallStats) -> Iterator[None]:
        """Around a call of a model: its row tells how the block ended."""
        asked = _Asked.of(request)
        del request
        clock = _Clock()
        try:
            yield
        except asyncio.CancelledError:
            self._add(profile, asked, stats, clock, CallOutcome.STOPPED)
            raise
        except Exception as problem:
            self._add(profile, asked, stats, clock, CallOutcome.FAILED, problem)
            raise
        self._add(profile, asked, stats, clock, CallOutcome.DONE)

    def _add(
        self,
        profile: ModelProfile,
        asked: _Asked,
        stats: CallStats,
        clock: _Clock,
        outcome: CallOutcome,
        problem: Exception | None = None,
    ) -> None:
        if stats.token_counts:
            token_estimator.observe(profile.name, asked.characters, stats.token_counts[0])
        counts = (asked.characters, stats.characters)
        estimate = [token_estimator.tokens(profile.name, characters) for characters in counts]
        prompt, completion = stats.token_counts or estimate
        row = CallRecord(
            model=profile.name,
            upstream_model=profile.upstream[:UPSTREAM_NAME_LENGTH],
            round=self._round,
            attempt=len(self._unstored),
            started_at=clock.began,
            first_token_at=None if stats.first_token is None else clock.at(stats.first_token),
            finished_at=clock.at(time.monotonic()),
            outcome=outcome,
            error_code=_code(problem) if problem else None,
            prompt_tokens=prompt,
            completion_tokens=completion,
            source=TokenSource.PROVIDER if stats.token_counts else TokenSource.ESTIMATED,
            parameters=profile.parameters,
            system_digest=asked.system_digest,
            tools_digest=asked.tools_digest,
            request_digest=asked.sent_request.digest,
            provenance=asked.full_provenance(profile),
            causes=_causes(problem) if problem else None,
        )
        self._unstored.append(row)


@dataclass(frozen=True, slots=True)
class _Clock:
    """Reads the wall clock once: it may jump, and no call may end before it began."""

    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    since: float = field(default_factory=time.monotonic)

    def at(self, monotonic: float) -> datetime:
        return self.began + timedelta(seconds=max(0.0, monotonic - self.since))


@dataclass(frozen=True, slots=True)
class _Asked:
    """Of a question, what its row tells; the history itself is not kept."""

    characters: int
    system_digest: str
    tools_digest: str
    provenance: dict[str, Any]
    sent_request: SentRequest

    @classmethod
    def of(cls, request: ModelRequest) -> _Asked:
        characters = sum(_length(message.get("content")) for message in request.messages)
        tools = blobs.digest(msgspec.json.encode(request.tools)) if request.tools else ""
        return cls(
            characters, _digest(_system(request.messages)), tools, request.provenance, request.sent_request
        )

    def full_provenance(self, profile: ModelProfile) -> dict[str, Any] | None:
        """Return what `chat.reporting.request_rebuild` needs; None where nothing stored was sent."""
        if not (self.provenance and self.sent_request.digest):
            return None
        texts = {
            "system": blobs.digest(profile.system.encode()),
            "envelope": blobs.digest(self.sent_request.envelope),
        }
        return {**self.provenance, **texts, "context": self.sent_request.context}


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
    """SHA-256 of the JSON of texts that a model was told; "" for none."""
    return blobs.sha256_hex(msgspec.json.encode(texts)) if texts else ""


def _causes(problem: BaseException) -> list[dict[str, str]]:
    """The exceptions behind a failure, outermost first. Only our own texts may be shown: others quote what they like."""
    causes: list[dict[str, str]] = []
    link: BaseException | None = problem
    while link is not None and len(causes) < CAUSES:
        kind = type(link)
        named = kind.__name__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__name__}"
        causes.append({"kind": named, "text": link.detail if isinstance(link, ChatError) else ""})
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return causes
