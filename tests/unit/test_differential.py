"""Every known stream, read by the official client and by the project's: equal results, or an intended difference."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import pytest
from openai import AsyncOpenAI
from openai.lib.streaming.chat import ChatCompletionStreamState

from chat.exceptions import ModelError
from chat.llm.clients.official import translated
from chat.llm.http import openai_compatible
from chat.llm.http.openai_compatible import OpenAITransport
from chat.llm.http.request_head import head
from chat.llm.sse.accumulator import CallAccumulator
from chat.testing import FAULTS, TOOL_FAULTS, ScriptedModel
from tests.unit.stream_corpus import STREAMS
from tests.unit.stream_differences import DIFFERENCES

# An id that the accumulator made.
_MADE = re.compile(r"call_\d+_[0-9a-f]{16}")

TOOL: Any = {"type": "function", "function": {"name": "calculate", "parameters": {"type": "object"}}}
REQUEST: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "Hello"}],
    "tools": [TOOL],
    "stream": True,
    "stream_options": {"include_usage": True},
}


@dataclass
class Reading:
    """The result of reading a stream; `error` is the code of the project's exception."""

    text: str = ""
    calls: tuple[tuple[str, str, str], ...] = ()
    finish_reason: str | None = None
    usage: tuple[int, int] | None = None
    error: str | None = None


@pytest.fixture(scope="module")
def server() -> Iterator[ScriptedModel]:
    with ScriptedModel() as model:
        yield model


async def by_us(base_url: str) -> Reading:
    reading, calls = Reading(), CallAccumulator()
    wire = OpenAITransport(head(base_url, "k", "/chat/completions"))
    try:
        async for piece in wire.stream(REQUEST):
            reading.text += piece.text
            calls.feed(piece.calls)
            reading.finish_reason = piece.finish_reason or reading.finish_reason
            if piece.usage:
                reading.usage = piece.usage.prompt_tokens, piece.usage.completion_tokens
    except ModelError as problem:
        reading.error = problem.code
    finally:
        wire.close()
    reading.calls = tuple((_MADE.sub("made", c.id), c.name, c.arguments) for c in calls.calls())
    return reading


async def by_the_official_client(base_url: str) -> Reading:
    state, error = ChatCompletionStreamState(), None
    async with AsyncOpenAI(base_url=base_url, api_key="k", max_retries=0) as client:
        try:
            async with await client.chat.completions.create(**REQUEST) as stream:
                async for chunk in stream:
                    state.handle_chunk(chunk)
        except Exception as problem:
            error = translated(problem).code
    return accumulated(state, error)


def accumulated(state: Any, error: str | None) -> Reading:
    try:
        whole = state.current_completion_snapshot
    except AssertionError:  # there was no chunk
        return Reading(error=error)
    usage = whole.usage and (whole.usage.prompt_tokens, whole.usage.completion_tokens)
    if not whole.choices:
        return Reading(usage=usage, error=error)
    (choice, *_) = whole.choices
    message = choice.message
    calls = tuple((c.id, c.function.name, c.function.arguments) for c in message.tool_calls or ())
    return Reading(message.content or message.refusal or "", calls, choice.finish_reason, usage, error)


def read_twice(server: ScriptedModel, name: str) -> tuple[Reading, Reading]:
    async def both() -> tuple[Reading, Reading]:
        async with asyncio.timeout(60):
            return await by_us(server.base_url), await by_the_official_client(server.base_url)

    stream = STREAMS[name]
    server.default(stream.behaviour)
    with server.refusing() if stream.refused else contextlib.nullcontext():
        return asyncio.run(both())


def differences(ours: Reading, official: Reading) -> dict[str, object]:
    """Return the fields in which two readings differ, as the official client has them."""
    mine = asdict(ours)
    return {name: value for name, value in asdict(official).items() if value != mine[name]}


# The official client's accumulation warns of wrong types and goes on.
@pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")
@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_reads_as_with_the_official_client_except_for_intended_differences(
    server: ScriptedModel, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_compatible, "RETRY_SECONDS", 0)
    expected = DIFFERENCES[name].official if name in DIFFERENCES else {}
    assert differences(*read_twice(server, name)) == expected


def test_every_difference_is_of_a_known_stream_and_has_a_reason() -> None:
    assert DIFFERENCES.keys() <= STREAMS.keys()
    assert all(difference.why for difference in DIFFERENCES.values())


def test_the_corpus_names_each_stream_once_and_holds_the_fault_catalogue() -> None:
    sources = [stream.source for stream in STREAMS.values()]
    assert sources.count("chat.testing.TOOL_FAULTS") == len(TOOL_FAULTS)
    left_out = {name for name, fault in FAULTS.items() if name not in STREAMS}
    assert left_out == {"no first byte", "stall", "slow drip", "endless", "100,000 empty deltas"}
