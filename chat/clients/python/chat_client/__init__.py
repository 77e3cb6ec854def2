"""A client of the chat server: send, follow, resume, stop, history, attachments.

client        ChatClient: the routes
stream        Stream: the events of one response, resumed after a cut
async_client  AsyncChatClient: the same with `await`
async_stream  AsyncStream: the same with `async for`
events        the events of a stream
shapes        the server's JSON, and the options of requests
errors        the tree of exceptions
"""

from chat_client._version import __version__
from chat_client.async_client import AsyncChatClient
from chat_client.async_stream import AsyncStream
from chat_client.client import ChatClient
from chat_client.errors import (
    BadRequestError,
    ChatClientError,
    ConflictError,
    ConnectionLostError,
    ForbiddenError,
    NotFoundError,
    ProblemError,
    ProtocolError,
    QuotaExceededError,
    ResponseFailedError,
    ServerError,
    TooLargeError,
    UnauthenticatedError,
)
from chat_client.events import (
    Event,
    Reconnecting,
    RequestClosed,
    RequestOpened,
    StreamEnd,
    StreamStart,
    TextDelta,
    ThinkingDelta,
    ToolUpdate,
)
from chat_client.stream import Stream

__all__ = [
    "AsyncChatClient",
    "AsyncStream",
    "BadRequestError",
    "ChatClient",
    "ChatClientError",
    "ConflictError",
    "ConnectionLostError",
    "Event",
    "ForbiddenError",
    "NotFoundError",
    "ProblemError",
    "ProtocolError",
    "QuotaExceededError",
    "Reconnecting",
    "RequestClosed",
    "RequestOpened",
    "ResponseFailedError",
    "ServerError",
    "Stream",
    "StreamEnd",
    "StreamStart",
    "TextDelta",
    "ThinkingDelta",
    "TooLargeError",
    "ToolUpdate",
    "UnauthenticatedError",
    "__version__",
]
