"""The logs of text, thought and tool calls as one order: every reader, at every cursor, here and in another process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import cycle
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chat import conf, db
from chat.exceptions import BadOffset
from chat.models import Response, Status, ThoughtChunk, ToolState
from chat.responses import lifecycle, tool_rounds
from chat.responses.lifecycle import Outcome
from chat.streams import (
    FROM_TEXT,
    Flusher,
    LogEvent,
    LogRegistry,
    TextEvent,
    ThoughtEvent,
    ToolEvent,
    Writer,
)
from chat.text import think_item
from tests.faults.test_append import streaming
from tests.fixtures.database import close_database_threads

ITEM = think_item("Using a tool", "clock").encode()

# One step of a model's answer: text, thought, a round of that many tool calls, or a flush.
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("text"), st.text("aé漢😀", min_size=1, max_size=4)),
        st.tuples(st.just("thought"), st.text("bü中🤔", min_size=1, max_size=4)),
        st.tuples(st.just("tools"), st.integers(1, 2)),
        st.tuples(st.just("flush"), st.none()),
    ),
    max_size=8,
)
Step = tuple[str, str | int | None]

# A byte of text or of thought, or the change of a tool call.
Unit = tuple[str, int] | tuple[str, str, str]


@dataclass
class Played:
    """A response that was written step by step, and the units of its logs in their order."""

    response: int
    logs: LogRegistry
    flusher: Flusher
    writer: Writer
    owner: int = 0  # no broker delivers by it here
    units: list[Unit] = field(default_factory=list)
    rounds: int = 0
    calls: int = 0

    async def play(self, steps: list[Step]) -> None:
        for kind, value in steps:
            match kind, value:
                case "text", str(words):
                    self.writer.append(words.encode())
                    self.units += [("text", byte) for byte in words.encode()]
                case "thought", str(words):
                    self.writer.append_thought(words.encode())
                    self.units += [("thought", byte) for byte in words.encode()]
                case "tools", int(number):
                    await self._tools(number)
                case _:
                    await self.flusher.flush()

    async def _tools(self, number: int) -> None:
        """Play a round whose calls end in the opposite order."""
        place = (self.writer.length, self.writer.thinking_length)
        ids = [f"call_{self.calls + index}" for index in range(number)]
        events = [ToolEvent("clock", ToolState.STARTED, one, *place) for one in ids]
        writer, first, round_ = self.writer, self.calls, self.rounds
        assert await db.run_async(
            tool_rounds.begin_round, writer.response, self.owner, writer.epoch, first, round_, events
        )
        writer.tail.start_tools(events)
        self.units += [("tool", one, "started") for one in ids] + [("tool", one, "done") for one in ids]
        writer.append_ephemeral(ITEM)
        self.units += [("item", byte) for byte in ITEM]
        for one in reversed(ids):
            writer.tail.end_tool(one, ToolState.DONE)
        states = dict.fromkeys(ids, ToolState.DONE)
        await db.run_async(tool_rounds.set_states, writer.response, self.owner, states)
        self.calls, self.rounds = self.calls + number, self.rounds + 1

    async def end(self) -> None:
        rest = await self.flusher.close(self.writer)
        final = await db.run_async(lifecycle.finish, rest, Outcome(Status.DONE, "stop"))
        self.logs.close(self.response, final)


def played(response: int, *, durable: bool = False) -> Played:
    logs, flusher = LogRegistry(), Flusher(lambda _: None, lambda _: None)
    with mock.patch("chat.streams.readers.settings", replace(conf.settings, durable=durable)):
        tail = logs.write(response)
    return Played(response, logs, flusher, flusher.open(response, 1, tail))


def units_of(event: LogEvent) -> list[Unit]:
    match event:
        case TextEvent(data):
            return [("text", byte) for byte in data]
        case ThoughtEvent(data):
            return [("thought", byte) for byte in data]
        case ToolEvent(_, state, call_id):
            return [("tool", call_id, state)]
        case _:
            return []


async def read(
    logs: LogRegistry,
    response: int,
    *cursor: int,
    structured: bool = False,
    takes: tuple[bool, ...] = (False,),
) -> list[Unit]:
    """Return the units that a reader gets from a cursor to the end, of which it takes some in the turn that brings them."""
    units: list[Unit] = []
    pattern = cycle(takes)

    def take(event: LogEvent) -> bool:
        taken = next(pattern)
        units.extend(units_of(event) if taken else [])
        return taken

    async for event in logs.follow(response, *cursor, structured=structured, take=take):
        units += units_of(event)
    return units


def expected(units: list[Unit], offset: int, thinking: int) -> list[Unit]:
    """Return what a framed reader gets from a cursor: text with our items, and thought."""
    found: list[Unit] = []
    for unit in units:
        if unit[0] in ("text", "item"):
            offset -= 1
            if offset < 0:
                found.append(("text", unit[1]))  # type: ignore[arg-type]
        elif unit[0] == "thought":
            thinking -= 1
            if thinking < 0:
                found.append(unit)
    return found


def without_tools(units: list[Unit]) -> list[Unit]:
    return [unit for unit in units if unit[0] != "tool"]


def thinking_before(units: list[Unit], offset: int) -> int:
    """Return the bytes of the thought that stands ahead of an offset of the text."""
    text = thought = 0
    for unit in units:
        if unit[0] == "thought" and text < offset:
            thought += 1
        text += unit[0] in ("text", "item")
    return thought


def characters(units: list[Unit], *kinds: str) -> list[int]:
    """Return some of the offsets at which characters begin, and the end."""
    data = [unit[1] for unit in units if unit[0] in kinds]
    starts = [place for place, byte in enumerate(data) if byte & 0xC0 != 0x80]  # type: ignore[operator]
    return [*starts[:: 1 + len(starts) // 4], len(data)]


@pytest.fixture
def closed_threads(transactional_db: None) -> Iterator[None]:
    yield
    close_database_threads()


async def all_readers(one: Played, steps: list[Step]) -> None:
    """Follow a response from its start here and in another process, and afterwards from every kind of cursor."""
    elsewhere = LogRegistry()
    ways = [(logs, structured) for logs in (one.logs, elsewhere) for structured in (False, True)]
    patterns = [(False,), (True,), (True, False), (False, True, True)]
    live = [
        asyncio.create_task(read(logs, one.response, 0, 0, structured=structured, takes=takes))
        for takes in patterns
        for logs, structured in ways
    ]
    for step in steps:
        await one.play([step])
        elsewhere.refresh_all()
        await asyncio.sleep(0)
    await one.end()
    elsewhere.refresh_all()
    plain, whole = expected(one.units, 0, 0), [unit for unit in one.units if unit[0] != "item"]
    for (_, structured), units in zip(ways * len(patterns), await asyncio.gather(*live), strict=True):
        assert (units if structured else without_tools(units)) == (whole if structured else plain)
    stored = LogRegistry()
    assert await read(stored, one.response, 0, 0, structured=True) == whole
    for offset in characters(one.units, "text", "item"):
        later = thinking_before(one.units, offset)
        assert await read(stored, one.response, offset, FROM_TEXT) == expected(one.units, offset, later)
        assert await read(stored, one.response, offset) == expected(one.units, offset, 10**6)
    for thinking in characters(one.units, "thought"):
        assert await read(stored, one.response, 0, thinking) == expected(one.units, 0, thinking)


@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    database=None,
)
@given(steps=STEPS, durable=st.booleans())
def test_every_reader_gets_each_byte_and_each_call_once_and_in_the_order_of_the_model(
    closed_threads: None, steps: list[Step], durable: bool
) -> None:
    name = f"r{Response.objects.count()}"
    response = streaming(name).pk

    async def run() -> None:
        await all_readers(played(response, durable=durable), steps)

    asyncio.run(run())


def test_under_chat_durable_a_reader_gets_nothing_that_is_not_stored(closed_threads: None) -> None:
    response = streaming("r").pk
    got: list[bytes] = []

    async def read_here(logs: LogRegistry) -> None:
        async for event in logs.follow(response, 0, 0):
            got.extend([event.data] if isinstance(event, TextEvent | ThoughtEvent) else [])

    async def run() -> None:
        one = played(response, durable=True)
        reader = asyncio.create_task(read_here(one.logs))
        steps: list[tuple[Step, list[bytes]]] = [
            (("text", "Grö"), []),
            (("flush", None), ["Grö".encode()]),
            (("thought", "hm"), []),
            (("text", "ße"), []),
            (("flush", None), [b"hm", "ße".encode()]),
            (("text", "."), []),
        ]
        for step, seen in steps:
            await one.play([step])
            for _ in range(4):  # turns of the loop, in which a reader of an ordinary tail would get it
                await asyncio.sleep(0)
            assert got == seen, step
            got.clear()
        await one.end()
        await reader
        assert got == [b"."]

    asyncio.run(run())


def test_a_place_inside_a_character_or_beyond_the_end_of_a_thought_is_refused(closed_threads: None) -> None:
    response = streaming("r").pk

    async def run() -> None:
        one = played(response)
        await one.play([("thought", "über"), ("text", "Hi")])
        await one.end()
        for thinking in (1, 6):
            with pytest.raises(BadOffset):
                await read(LogRegistry(), response, 0, thinking)

    asyncio.run(run())


def test_a_thought_alone_is_no_first_token_and_its_rows_are_merged_at_the_end(closed_threads: None) -> None:
    response = streaming("r").pk

    async def run() -> None:
        one = played(response)
        await one.play([("thought", "a"), ("flush", None), ("thought", "b"), ("flush", None)])
        row = await db.run_async(Response.objects.get, pk=response)
        assert (row.first_token_at, row.thinking_length) == (None, 2)
        await one.play([("text", "Hi"), ("thought", "c")])
        await one.end()

    asyncio.run(run())
    rows = ThoughtChunk.objects.order_by("start").values_list("start", "stop", "text_offset", "data")
    assert [(*row[:3], bytes(row[3])) for row in rows] == [(0, 2, 0, b"ab"), (2, 3, 2, b"c")]
