"""CPU of one delta inside a process, from the model's bytes to those of each dialect, without sockets and database.

Each figure is taken in pairs with its base, one run right after the other: the machine's other work hits both alike.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

import msgspec

from chat.api.encoders import raw
from chat.api.encoders.ag_ui import AgUiEncoder
from chat.api.encoders.ai_sdk import AiSdkEncoder
from chat.api.encoders.durable_streams import DurableStreamsEncoder
from chat.api.encoders.openai.completions import CompletionEncoder
from chat.api.encoders.openai.responses import ResponsesEncoder
from chat.api.encoders.sse import SseEncoder
from chat.api.encoders.websocket import WebSocketEncoder
from chat.llm.sse import ChunkDecoder
from chat.models import Response, Thread
from chat.responses.answer_text import AnswerText, LoggedAnswer
from chat.responses.model_answer import Deadlines
from chat.streams import LogEvent
from chat.streams.readers import LogRegistry
from chat.streams.writer import Flusher

# Deltas of one run: 15 ms with one reader, and their text is far below the size that waits for the database.
DELTAS = 1_000
# Deltas ahead of them, after which every path has been taken.
WARM_UP = 50
# Readers of one response that share its encodings.
SHARED = 50

Encode = Callable[[LogEvent], object]
BASE = "raw"


def row() -> Response:
    """Return a response that is not in the database."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    found = Response(public_id="r" * 32, model="model", status="done", created_at=now, started_at=now)
    found.thread = Thread(public_id="t" * 32)
    return found


def _sse() -> Encode:
    return SseEncoder("r" * 32, "t" * 32)


# The encoder of each dialect, and whether it reads the log with its structure.
DIALECTS: dict[str, tuple[Callable[[], Encode], bool]] = {
    BASE: (lambda: raw.c1, False),
    "sse": (_sse, False),
    "websocket": (lambda: WebSocketEncoder("r" * 32, "t" * 32), False),
    "chat completions": (lambda: CompletionEncoder(row(), 0, include_usage=False), True),
    "responses": (lambda: ResponsesEncoder(row()), True),
    "AI SDK": (lambda: AiSdkEncoder(row()), True),
    "AG-UI": (lambda: AgUiEncoder(row()), True),
    "Durable Streams": (lambda: DurableStreamsEncoder(0, ""), False),
}


@dataclass(frozen=True, slots=True)
class DeltaCost:
    """CPU microseconds of one delta for each of its readers, and the median ratio to the base."""

    name: str
    readers: int
    microseconds: float
    ratio: float


def chunk(field: str) -> bytes:
    """Return the model's bytes of one delta."""
    choice = {"index": 0, "delta": {field: " some words"}, "finish_reason": None}
    data = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]}
    return b"data: %b\n\n" % msgspec.json.encode(data)


async def _read(events: AsyncGenerator[LogEvent], encode: Encode) -> None:
    async for event in events:
        encode(event)


async def cost(dialect: str, field: str, readers: int, deltas: int = DELTAS) -> float:
    """Return the CPU microseconds of one delta and reader, with one read of the model's bytes for each delta."""
    make, structured = DIALECTS[dialect]
    logs = LogRegistry()
    tail = logs.write(1)
    tail.start()
    writer = Flusher(lambda _: None, lambda _: None).open(1, 1, tail)
    answer = LoggedAnswer(AnswerText(writer, lambda: False), writer, [], may_call=True)
    thinking = None if dialect == BASE else 0
    reading = [logs.follow(1, 0, thinking, structured=structured) for _ in range(readers)]
    tasks = [asyncio.create_task(_read(events, make())) for events in reading]
    await asyncio.sleep(0)
    decoder, data = ChunkDecoder(), chunk(field)
    with Deadlines() as deadlines:
        for count in (WARM_UP, deltas):
            gc.collect()
            gc.disable()
            begun = time.process_time()
            for _ in range(count):
                update = decoder.feed(data)
                deadlines.on_update(update)
                answer.process(update)
                await asyncio.sleep(0)  # the readers' turn
            spent = time.process_time() - begun
            gc.enable()
    tail.finish(row())
    await asyncio.gather(*tasks)
    return spent * 1e6 / deltas / readers


def paired(
    name: str, readers: int, rounds: int, run: tuple[str, str], base: tuple[str, str], deltas: int = DELTAS
) -> DeltaCost:
    """Return the cost of a dialect and field beside that of a base, in interleaved pairs."""
    pairs = [
        tuple(asyncio.run(cost(*one, readers, deltas)) for one in (base, run))
        for _ in range(rounds)
    ]  # fmt: skip
    ratio = median(second / first for first, second in pairs)
    return DeltaCost(name, readers, median(second for _, second in pairs), ratio)


def measure(rounds: int, deltas: int = DELTAS) -> list[DeltaCost]:
    """Measure each dialect against the raw one, alone and shared, and thought against text."""
    text, shared = "content", deltas // 10
    found = [paired(name, 1, rounds, (name, text), (BASE, text), deltas) for name in DIALECTS]
    found += [paired(name, SHARED, rounds, (name, text), (BASE, text), shared) for name in DIALECTS]
    return [
        *found,
        paired("thought, to text", 1, rounds, ("sse", "reasoning_content"), ("sse", text), deltas),
    ]


def lines(costs: list[DeltaCost]) -> list[str]:
    """Return a line for each cost."""
    return [
        f"{one.name}, readers: {one.readers}: {one.microseconds:.2f} µs CPU/delta, ratio {one.ratio:.2f}"
        for one in costs
    ]
