"""A reader of another client's protocol may come to another process before the owner has flushed what the reader saw."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from chat import service
from chat.api import streaming
from chat.api.encoders.ag_ui import AgUiEncoder
from chat.exceptions import BadOffset
from chat.streams import Heartbeat, LogEvent, StartEvent, TextEvent, WaitingEvent
from tests.benchmarks import deltas

CALLER: Any = None
# The events of the start and of the text's beginning, and five bytes.
MARK = 6
START, TEXT = StartEvent("streaming", 0), TextEvent(b"0123456789", 10)


def read_head(monkeypatch: pytest.MonkeyPatch, log: list[LogEvent]) -> None:
    """Ask for the stream of a response behind MARK, whose log yields these events at once."""

    async def events() -> AsyncGenerator[LogEvent]:
        for event in log:
            yield event

    async def follow(*_: object, **__: object) -> AsyncGenerator[LogEvent]:
        return events()

    monkeypatch.setattr(service, "follow", follow)
    encoder = AgUiEncoder(deltas.row(), after=MARK)
    asyncio.run(streaming.stream_marked(CALLER, deltas.row(), encoder))
    assert encoder.caught_up


def test_a_heartbeat_before_the_flush_refuses_no_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    read_head(monkeypatch, [START, Heartbeat(), Heartbeat(), TEXT])


@pytest.mark.parametrize("last", [Heartbeat(), WaitingEvent()], ids=["running", "waiting"])
def test_a_mark_that_the_log_does_not_reach_in_time_is_refused(
    monkeypatch: pytest.MonkeyPatch, last: LogEvent
) -> None:
    monkeypatch.setattr(streaming, "CATCH_UP_SECONDS", 0.0)
    with pytest.raises(BadOffset):
        read_head(monkeypatch, [START, last, TEXT])
