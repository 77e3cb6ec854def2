"""The logs of a response, text and thought: one writer, any number of readers, in this process and in others.

A `Tail` is their newest part in memory. In the process that runs the response its writer feeds the tail; elsewhere
a mirror does, which reads the table on each notification. Readers see no difference. `docs/` describes the protocol.
"""

from chat.streams.events import (
    AnswerEvent,
    EndEvent,
    Heartbeat,
    LogEvent,
    ProgressEvent,
    RequestEvent,
    StartEvent,
    TextEvent,
    ThoughtEvent,
    ToolEvent,
    WaitingEvent,
)
from chat.streams.positions import CATCH_UP_SECONDS, FROM_TEXT
from chat.streams.readers import LogRegistry
from chat.streams.steps import request_event
from chat.streams.tail import Tail
from chat.streams.writer import Flusher, Writer

__all__ = [
    "CATCH_UP_SECONDS",
    "FROM_TEXT",
    "AnswerEvent",
    "EndEvent",
    "Flusher",
    "Heartbeat",
    "LogEvent",
    "LogRegistry",
    "ProgressEvent",
    "RequestEvent",
    "StartEvent",
    "Tail",
    "TextEvent",
    "ThoughtEvent",
    "ToolEvent",
    "WaitingEvent",
    "Writer",
    "request_event",
]
