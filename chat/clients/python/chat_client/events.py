"""The events of a stream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chat_client.errors import ChatClientError
from chat_client.shapes import ErrorJson, Outcome, RequestJson, Status, ToolProgressJson, UsageJson


@dataclass(frozen=True, slots=True)
class StreamStart:
    """The connection is open: the first event, and the first after each reconnect."""

    response_id: str
    thread_id: str
    status: Status
    offset: int


@dataclass(frozen=True, slots=True)
class TextDelta:
    """The next text, whole characters; `offset` counts the UTF-8 bytes up to its end."""

    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class ThinkingDelta:
    """The model's next thought; `thinking_offset` counts the UTF-8 bytes up to its end."""

    text: str
    thinking_offset: int


@dataclass(frozen=True, slots=True)
class ToolUpdate:
    """A tool's state: a hint while it happens, never repeated. `progress`: how far a call is that has started before.

    `call_id`: missing from older servers.
    """

    name: str
    state: Literal["started", "done", "failed"]
    progress: ToolProgressJson | None = None
    call_id: str | None = None


@dataclass(frozen=True, slots=True)
class RequestOpened:
    """The response waits for a person: it goes on, in the same stream, after a RequestClosed. A reconnect may repeat it."""

    request: RequestJson


@dataclass(frozen=True, slots=True)
class RequestClosed:
    """A request has ended. A reconnect may repeat it."""

    request_id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Reconnecting:
    """The connection was lost or refused for now; the stream opens a new one after `seconds`."""

    seconds: float
    error: ChatClientError


@dataclass(frozen=True, slots=True)
class StreamEnd:
    """The end of the response: exactly one, last."""

    status: Status
    finish_reason: str | None
    usage: UsageJson | None
    error: ErrorJson | None
    kept_offset: int | None


Event = (
    StreamStart
    | TextDelta
    | ThinkingDelta
    | ToolUpdate
    | RequestOpened
    | RequestClosed
    | Reconnecting
    | StreamEnd
)
