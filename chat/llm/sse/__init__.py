"""Decoders of upstream bytes: server-sent events, and the chat completions (or completions) in them.

updates      StreamUpdate, the result of one read, and the errors
events       EventDecoder: bytes to payloads
token_counts a provider's counts under their several names
fields       FieldMerger: the provider's own fields, merged over deltas
answers      JSON of a payload to its fields, lenient towards the known oddities of servers
frames       the texts of events that differ in nothing else
thought      thought of a delta, in all the forms in which servers send it
deltas       DeltaReader: deltas to text, thought, calls and the provider's own fields
chunks       ChunkDecoder: bytes to updates
accumulator  CallAccumulator: deltas of tool calls to whole calls, and the message's fields

Imports go upward in this list only. Both decoders are incremental: `feed` each read, then `flush` once at the end. The
texts are the same for every way to split the bytes into reads. After an exception a decoder is not used again.
"""

from chat.llm.sse.chunks import ChunkDecoder
from chat.llm.sse.events import EventDecoder
from chat.llm.sse.updates import (
    AtOnce,
    BadStream,
    CallDelta,
    EventTooLarge,
    StreamError,
    StreamUpdate,
    TokenCounts,
    UpstreamError,
)

__all__ = [
    "AtOnce",
    "BadStream",
    "CallDelta",
    "ChunkDecoder",
    "EventDecoder",
    "EventTooLarge",
    "StreamError",
    "StreamUpdate",
    "TokenCounts",
    "UpstreamError",
]
