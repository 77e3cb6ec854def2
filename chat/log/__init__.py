"""The text log: one writer, any number of readers, in this process and in others.

A `Tail` is a log's newest part in memory. Where the response runs its writer feeds the tail; elsewhere a mirror does, which
reads the table whenever the doorbell rings. Readers never know the difference. `chat/LOG.md` tells the whole story.
"""

from chat.log.readers import LogRegistry
from chat.log.tail import Heartbeat, EndEvent, LogEvent, StartEvent, Tail, TextEvent, ToolEvent
from chat.log.writer import Flusher, Writer

__all__ = [
    "Heartbeat",
    "EndEvent",
    "LogEvent",
    "Flusher",
    "LogRegistry",
    "StartEvent",
    "Tail",
    "TextEvent",
    "ToolEvent",
    "Writer",
]
