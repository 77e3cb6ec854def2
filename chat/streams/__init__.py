"""The text log: one writer, any number of readers, in this process and in others.

A `Tail` is a log's newest part in memory. Where the response runs its writer feeds the tail; elsewhere a mirror does, which
reads the table whenever the doorbell rings. Readers never know the difference. `chat/LOG.md` tells the whole story.
"""

from chat.streams.readers import LogRegistry
from chat.streams.tail import EndEvent, Heartbeat, LogEvent, StartEvent, Tail, TextEvent, ToolEvent
from chat.streams.writer import Flusher, Writer

__all__ = [
    "EndEvent",
    "Flusher",
    "Heartbeat",
    "LogEvent",
    "LogRegistry",
    "StartEvent",
    "Tail",
    "TextEvent",
    "ToolEvent",
    "Writer",
]
