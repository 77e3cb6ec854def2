"""One event of each kind that a log yields and clients get."""

from __future__ import annotations

from datetime import UTC, datetime

from chat.streams import (
    AnswerEvent,
    EndEvent,
    LogEvent,
    RequestEvent,
    StartEvent,
    TextEvent,
    ThoughtEvent,
    ToolEvent,
)

NOW = datetime(2026, 11, 29, tzinfo=UTC)
SAMPLES: tuple[LogEvent, ...] = (
    StartEvent("queued", 0),
    TextEvent(b"a", 1),
    ThoughtEvent(b"b", 1),
    ToolEvent("clock", "done"),
    RequestEvent("q", "approve", "pay", "c", NOW, "{}", "{}", "Really?", True, 0, 0, by_staff=True),
    AnswerEvent("q", "approved", 0, 0),
    EndEvent(1, None),
)
