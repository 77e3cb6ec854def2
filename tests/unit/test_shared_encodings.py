"""Readers of one response at the same place and in the same protocol share one encoding, and each gets its own bytes."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec
import pytest

from chat.api.encoders import durable_streams, marked
from chat.api.encoders.ag_ui import AgUiEncoder
from chat.api.encoders.ai_sdk import AiSdkEncoder
from chat.api.encoders.durable_streams import DurableStreamsEncoder
from chat.models import Response
from chat.streams import LogEvent, TextEvent, ThoughtEvent, ToolEvent
from chat.streams.encodings import SharedEncodings
from chat.streams.readers import LogRegistry
from chat.streams.tail import Tail
from tests.benchmarks import deltas

Making = tuple[Callable[[], deltas.Encode], bool]

MAKINGS: dict[str, Making] = {
    **deltas.DIALECTS,
    "AG-UI without ids": (lambda: AgUiEncoder(deltas.row(), numbered=False), True),
    "AG-UI after mark 1": (lambda: AgUiEncoder(deltas.row(), after=1), True),
}
STEPS = 40


class EncodingReader:
    """A reader that keeps its events, and the encoding of each."""

    def __init__(self, logs: LogRegistry, making: Making, begun: int) -> None:
        self._make, structured = making
        self._events = logs.follow(1, begun, 0, structured=structured)
        self.read: list[tuple[LogEvent, object]] = []
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        encode = self._make()
        async for event in self._events:
            self.read.append((event, encode(event)))

    def check(self) -> None:
        """Compare each encoding with that of an encoder which shares nothing."""
        encode = self._make()
        for event, encoded in self.read:
            alone = event
            if isinstance(event, TextEvent | ThoughtEvent):
                alone = msgspec.structs.replace(event, encodings=None)
            assert encoded == encode(alone)


async def grow(tail: Tail, chance: random.Random) -> None:
    """Add text, thought or a tool call at random; readers get their turn after it, or two pieces at once."""
    kind = chance.random()
    if kind < 0.1:
        name = f"call{chance.random()}"
        tail.start_tools([ToolEvent("tool", "started", name, tail.end, tail.thinking_end)])
        tail.end_tool(name, "done")
    elif kind < 0.4:
        tail.think("hm…".encode(), tail.end)
    else:
        tail.grow(chance.choice(["a", "ä\n", "\r", "\n", '"€"']).encode())
    if chance.random() < 0.7:
        await asyncio.sleep(0)


async def conversation(seed: int) -> list[EncodingReader]:
    chance, logs = random.Random(seed), LogRegistry()
    tail = logs.write(1)
    tail.start()
    readers: list[EncodingReader] = []
    for _ in range(STEPS):
        name = chance.choice([*MAKINGS])
        begun = 0 if MAKINGS[name][1] else tail.end
        readers.append(EncodingReader(logs, MAKINGS[name], begun))
        await asyncio.sleep(0)
        await grow(tail, chance)
    tail.finish(deltas.row())
    await asyncio.gather(*(reader.task for reader in readers))
    return readers


@pytest.mark.parametrize("seed", range(8))
def test_shared_bytes_are_those_that_each_reader_would_have_made(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(durable_streams, "current_cursor", lambda: 7)
    # The one encoding that depends on the clock of each reader.
    monkeypatch.setattr(marked, "SIGN_SECONDS", math.inf)
    readers = asyncio.run(conversation(seed))
    for reader in readers:
        reader.check()
    assert any(getattr(event, "encodings", None) for reader in readers for event, _ in reader.read)


class CountingAiSdk(AiSdkEncoder):
    """The AI SDK's encoder, which counts the pieces that it encodes."""

    made: ClassVar[list[str]] = []

    def text(self, piece: str) -> dict[str, Any]:
        self.made.append(piece)
        return super().text(piece)


class CountingDurableStreams(DurableStreamsEncoder):
    """Durable Streams' encoder, which counts the pieces that it encodes."""

    made: ClassVar[list[str]] = []

    def _data(self, text: str) -> bytes:
        self.made.append(text)
        return super()._data(text)


@pytest.mark.parametrize(
    ("making", "made"),
    [
        ((lambda: CountingAiSdk(deltas.row()), True), CountingAiSdk.made),
        ((lambda: CountingDurableStreams(0, ""), False), CountingDurableStreams.made),
    ],
    ids=["AI SDK", "Durable Streams"],
)
def test_a_delta_is_encoded_once_for_fifty_readers(making: Making, made: list[str]) -> None:
    made.clear()

    async def run() -> None:
        logs = LogRegistry()
        tail = logs.write(1)
        readers = [EncodingReader(logs, making, 0) for _ in range(50)]
        for _ in range(10):
            await asyncio.sleep(0)
            tail.grow(b"words")
        await asyncio.sleep(0)
        tail.finish(Response(status="done", log_length=50))
        await asyncio.gather(*(reader.task for reader in readers))

    asyncio.run(run())
    assert made == ["words"] * 10


def test_no_more_than_one_events_encodings_are_kept() -> None:
    kept = SharedEncodings()
    first = kept.at(0, 5)
    first["key",] = b"bytes"
    assert kept.at(0, 5) is first
    assert kept.at(5, 9) == {}
    assert kept.at(0, 5) == {}
