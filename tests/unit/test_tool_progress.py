"""The progress of tool calls: the newest of each call, at a bounded rate, for our own protocols alone."""

from __future__ import annotations

import asyncio

import pytest

from chat.api.encoders import raw
from chat.api.encoders.durable_streams import DurableStreamsEncoder
from chat.api.encoders.marked import MarkedEncoder
from chat.models import ToolState
from chat.streams import ProgressEvent, Tail, ToolEvent
from chat.streams import progress as hints
from tests.benchmarks import deltas

HALF = ProgressEvent("call_1", "climb", 0.5, "Half way")


def running(*calls: str) -> Tail:
    """Return a tail on which these calls run."""
    tail = Tail()
    tail.start_tools(ToolEvent("climb", ToolState.STARTED, call) for call in calls)
    return tail


async def published(tail: Tail, number: int) -> list[ProgressEvent]:
    """Return the hints behind a number as soon as there are new ones."""
    while tail.progress is None or tail.progress.published == number:
        await tail.changed()
    return tail.progress.after(number)


def test_of_many_hints_the_newest_of_each_call_is_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "INTERVAL_SECONDS", 0.05)

    async def main() -> list[list[str]]:
        tail, told = running("a", "b"), []
        for turn in range(2):
            for number in range(1000):
                tail.report_progress("a", None, f"a{turn}.{number}")
                tail.report_progress("b", None, f"b{turn}.{number}")
            told.append([one.message for one in await published(tail, 2 * turn)])
        return told

    assert asyncio.run(main()) == [["a0.999", "b0.999"], ["a1.999", "b1.999"]]


def test_a_second_hint_waits_for_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> float:
        tail, loop = running("a"), asyncio.get_running_loop()
        tail.report_progress("a", 0.1, "")
        await published(tail, 0)
        begun = loop.time()
        tail.report_progress("a", 0.2, "")
        await published(tail, 1)
        return loop.time() - begun

    monkeypatch.setattr(hints, "INTERVAL_SECONDS", 0.05)
    assert asyncio.run(main()) > 0.03


def test_what_comes_after_the_end_of_a_call_or_for_an_unknown_one_is_dropped() -> None:
    async def main() -> bool:
        tail = running("a")
        tail.end_tool("a", ToolState.DONE)
        tail.report_progress("a", 0.5, "")
        tail.report_progress("z", 0.5, "")
        return tail.progress is None

    assert asyncio.run(main())


def test_a_call_that_has_ended_leaves_no_hint_to_later_readers() -> None:
    async def main() -> list[ProgressEvent]:
        tail = running("a")
        tail.report_progress("a", 0.5, "")
        await published(tail, 0)
        tail.end_tool("a", ToolState.DONE)
        return tail.progress.after(0) if tail.progress else [HALF]

    assert asyncio.run(main()) == []


def test_other_protocols_and_their_marks_know_nothing_of_it() -> None:
    marked = MarkedEncoder(deltas.row())
    told = [encode(HALF) for encode in (raw.c1, raw.plain, DurableStreamsEncoder(0, ""), marked)]
    assert (told, marked.mark) == ([b"", b"", b"", b": \n\n"], -1)
