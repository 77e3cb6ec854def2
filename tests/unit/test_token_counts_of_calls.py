"""Token counts on their way from a provider's answer to the rows of calls and the usage of a response."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.llm.clients.base import ModelClient, ModelProfile, ModelRequest
from chat.llm.registry import ModelRegistry
from chat.llm.sse import AtOnce, StreamUpdate, TokenCounts
from chat.llm.token_estimator import TokenEstimator
from chat.models import Response, TokenSource, UpstreamCall
from chat.responses.claims.turns import Job
from chat.responses.engine import Engine
from chat.responses.usage.recorder import UsageRecorder
from chat.responses.usage.upstream_calls import MAX_TOKENS, CallRecord, total
from chat.streams import Writer

PROFILE = ModelProfile("counts-test", "m", {})
CALL = CallRecord("c1", "c1-nightly", 0, 0, datetime(2026, 5, 4, tzinfo=UTC))
COUNT = st.none() | st.integers(0, 2 * MAX_TOKENS)


@dataclass
class Heard:
    """The result of a call."""

    characters: int = 0
    token_counts: TokenCounts | None = None
    first_token: float | None = None


@dataclass
class OneAnswer:
    """A model that thinks and answers once, with its counts, if it has any, in the chunk after the answer."""

    counts: TokenCounts | None
    profile = PROFILE

    async def stream(
        self, request: ModelRequest, at_once: AtOnce | None = None
    ) -> AsyncGenerator[StreamUpdate]:
        yield StreamUpdate("Hello", finish_reason="stop", thinking=((0, "x" * 75),))
        yield StreamUpdate(usage=self.counts)
        yield StreamUpdate(done=True)


class EmptyLog:
    """The part of a writer that an answer of a few bytes needs."""

    length = thinking_length = 0
    full = thinking = False

    def append(self, data: bytes) -> None:
        self.length += len(data)

    def append_thought(self, data: bytes) -> None:
        self.thinking_length += len(data)

    def begin_thought(self) -> None:
        self.thinking = True

    def end_thought(self) -> None:
        self.thinking = False


def recorder() -> UsageRecorder:
    return UsageRecorder(TokenEstimator())


def recorded(heard: Heard) -> CallRecord | UpstreamCall:
    calls = recorder()
    with calls.call(PROFILE, ModelRequest([{"role": "user", "content": "x" * 80}], []), heard):
        pass
    return calls.calls[0]


def parts(call: CallRecord | UpstreamCall) -> tuple[Any, ...]:
    return call.prompt_tokens, call.completion_tokens, call.reasoning_tokens, call.cached_tokens


def streamed(counts: TokenCounts | None) -> CallRecord | UpstreamCall:
    calls = recorder()
    log, model = cast("Writer", EmptyLog()), cast("ModelClient", OneAnswer(counts))
    job = Job(response=1, thread=1, owner=1, epoch=1, model="c1", queued=False)
    engine = Engine(
        log, cast("ModelRegistry", None), calls, job, ModelRequest([], []), wait_for_files=cast("Any", None)
    )
    asyncio.run(engine.respond([model], {}))
    return calls.calls[0]


def test_all_counts_of_a_streamed_answer_are_in_its_record() -> None:
    call = streamed(TokenCounts(11, 7, 5, 3))
    assert (parts(call), call.source) == ((11, 7, 5, 3), TokenSource.PROVIDER)


def test_an_estimate_counts_thought_as_completion() -> None:
    call = streamed(None)
    assert (parts(call), call.source) == ((0, 20, None, None), TokenSource.ESTIMATED)


def test_counts_that_a_provider_does_not_give_stay_unknown() -> None:
    assert parts(recorded(Heard(token_counts=TokenCounts(11, 7)))) == (11, 7, None, None)
    assert parts(recorded(Heard(token_counts=TokenCounts(11, 7, 0, 0)))) == (11, 7, 0, 0)


def test_no_completion_for_an_answer_with_words_is_no_count() -> None:
    call = recorded(Heard(characters=40, token_counts=TokenCounts(11, 0)))
    assert (parts(call), call.source) == ((20, 10, None, None), TokenSource.ESTIMATED)
    assert parts(recorded(Heard(token_counts=TokenCounts(11, 0)))) == (11, 0, None, None)


def test_an_estimate_knows_neither_reasoning_nor_cached_tokens() -> None:
    assert parts(recorded(Heard(characters=40))) == (20, 10, None, None)


def test_no_part_of_a_count_is_recorded_as_larger_than_its_whole() -> None:
    assert parts(recorded(Heard(token_counts=TokenCounts(11, 7, 8, 12)))) == (11, 7, 7, 11)


def test_the_usage_of_a_response_sums_what_is_known_of_its_calls() -> None:
    known = replace(CALL, prompt_tokens=9, completion_tokens=8, reasoning_tokens=4, cached_tokens=2)
    counted = [replace(call, source=TokenSource.PROVIDER) for call in (CALL, known, known)]
    assert list(total(counted).values()) == [18, 16, 8, 4, "provider"]
    for uncounted in ([CALL], []):
        assert list(total(uncounted).values()) == [0, 0, None, None, "estimated"]


@given(st.lists(st.tuples(COUNT, COUNT), max_size=5))
def test_no_sum_is_beyond_the_column_of_the_database(counts: list[tuple[int | None, int | None]]) -> None:
    calls = [
        replace(CALL, completion_tokens=reasoning or 0, reasoning_tokens=reasoning, cached_tokens=cached)
        for reasoning, cached in counts
    ]
    *sums, _ = total(calls).values()
    assert all(0 <= count <= MAX_TOKENS for count in sums if count is not None)
    unknown = [all(call[index] is None for call in counts) for index in (0, 1)]
    assert [count is None for count in sums[2:]] == unknown


def test_clients_see_reasoning_and_cached_tokens_only_where_they_are_known() -> None:
    ended = Response(prompt_tokens=11, completion_tokens=7, usage_source="provider")
    told = {"promptTokens": 11, "completionTokens": 7, "source": "provider"}
    assert ended.usage == told
    ended.reasoning_tokens = 0
    assert ended.usage == {**told, "reasoningTokens": 0}
    ended.cached_tokens = 3
    assert ended.usage == {**told, "reasoningTokens": 0, "cachedTokens": 3}


def test_an_answer_without_calls_makes_no_context_for_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    made = list[object]()
    monkeypatch.setattr("chat.responses.engine.ToolContext", lambda *facts: made.append(facts))
    streamed(None)
    assert not made
