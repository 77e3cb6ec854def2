"""The events of a log, as its readers get them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from chat.models import ArtifactLabel, Response
from chat.streams.encodings import Encodings


class TextEvent(
    msgspec.Struct, frozen=True, gc=False
):  # one for each delta: ten times as quick as a dataclass
    """The next bytes, whole characters; `offset` is the position after them.

    `encodings`: those that the readers at this place share; None for a reader that is alone.
    """

    data: bytes
    offset: int
    encodings: Encodings | None = None


class ThoughtEvent(msgspec.Struct, frozen=True, gc=False):
    """The next bytes of thought, whole characters; `thinking_offset` is the position after them. Else like TextEvent."""

    data: bytes
    thinking_offset: int
    encodings: Encodings | None = None


@dataclass(frozen=True, slots=True)
class ToolEvent:
    """A change of one tool call; it stands at `text_offset` of the text and at `thinking_offset` of the thought."""

    name: str
    state: str
    call_id: str = ""
    text_offset: int = 0
    thinking_offset: int = 0


@dataclass(frozen=True, slots=True)
class ProgressEvent:
    """The progress of a running tool call: a fraction of 1 where it is known, and a few words of the tool's."""

    call_id: str
    name: str
    fraction: float | None
    message: str


@dataclass(frozen=True, slots=True)
class RequestEvent:
    """A request to a person, standing where a ToolEvent of its call would stand. `arguments` and `schema`: JSON texts.

    `by_staff`: staff answer; the arguments are for those who may.
    """

    request_id: str
    kind: str
    tool: str
    call_id: str
    deadline: datetime
    arguments: str | None
    schema: str | None
    message: str
    editable: bool
    text_offset: int
    thinking_offset: int
    by_staff: bool = False


@dataclass(frozen=True, slots=True)
class AnswerEvent:
    """The end of a request, standing where the request stands."""

    request_id: str
    outcome: str
    text_offset: int
    thinking_offset: int


@dataclass(frozen=True, slots=True)
class WaitingEvent:
    """The response waits for a person, and its reader has had all there is."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life: no news for some seconds."""


@dataclass(frozen=True, slots=True)
class StartEvent:
    """The first event: the offset of the reading, and the response's state."""

    status: str
    offset: int


@dataclass(frozen=True, slots=True)
class EndEvent:
    """The last event, exactly one; `offset` is the log's end, `response` the final row (None: deleted).

    `artifacts`: those of the stored reply, for a structured reading.
    """

    offset: int
    response: Response | None
    artifacts: Sequence[ArtifactLabel] = ()


# Events that stand between the bytes of the text.
StepEvent = ToolEvent | RequestEvent | AnswerEvent

LogEvent = (
    TextEvent | ThoughtEvent | StepEvent | ProgressEvent | WaitingEvent | Heartbeat | StartEvent | EndEvent
)
