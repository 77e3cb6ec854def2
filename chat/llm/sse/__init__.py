"""Upstream bytes to text: server-sent events, and the chat completions (or completions) that they carry.

pieces   what comes out of a read, and the errors
events   EventDecoder: bytes to payloads
answers  a payload's JSON, as strict as need be and as lenient as servers are odd
chunks   ChunkDecoder: bytes to pieces

Imports go upward in this list only. Both decoders are incremental: `feed` each read, then `flush` at the end,
once. However the bytes are split into reads, the texts add up to the same. After an exception a decoder is spent.
"""

from chat.llm.sse.chunks import ChunkDecoder
from chat.llm.sse.events import EventDecoder
from chat.llm.sse.updates import (
    BadStream,
    CallDelta,
    EventTooLarge,
    StreamError,
    StreamUpdate,
    TokenCounts,
    UpstreamError,
)

__all__ = [
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
