"""The logs of a response, text and thought: one writer, any number of readers, in this process and in others.

A `Tail` is their newest part in memory. In the process that runs the response its writer feeds the tail; elsewhere
a mirror does, which reads the table on each notification. Readers see no difference. `docs/` describes the protocol.
"""

from chat.streams.readers import FROM_TEXT, LogRegistry
from chat.streams.tail import (
    EndEvent,
    Heartbeat,
    LogEvent,
    StartEvent,
    Tail,
    TextEvent,
    ThoughtEvent,
    ToolEvent,
)
from chat.streams.writer import Flusher, Writer

__all__ = [
    "FROM_TEXT",
    "EndEvent",
    "Flusher",
    "Heartbeat",
    "LogEvent",
    "LogRegistry",
    "StartEvent",
    "Tail",
    "TextEvent",
    "ThoughtEvent",
    "ToolEvent",
    "Writer",
]
