"""Types of the data of server-sent events, and of the frames that the WebSocket sends."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from chat.api.encoders.shapes import (
    AnswerState,
    EndData,
    ErrorCode,
    RequestState,
    StatusName,
    ThreadState,
    ToolStateName,
)


class StartData(TypedDict):
    """The beginning: the place where the reading begins."""

    responseId: str
    threadId: str
    status: StatusName
    offset: int


class DeltaData(TypedDict):
    """The next text, whole characters."""

    text: str


class ThinkingData(TypedDict):
    """The model's next thought; `thinkingOffset` is the cursor after it."""

    text: str
    thinkingOffset: int


class ToolProgress(TypedDict):
    """The progress of a tool: a fraction of 1, and a few words of the tool's own."""

    fraction: NotRequired[float]
    message: NotRequired[str]


class ToolData(TypedDict):
    """A hint that a tool has started or ended, never replayed. With `progress`: that one which has started goes on."""

    callId: str
    name: str
    state: ToolStateName
    progress: NotRequired[ToolProgress]


class FrameHead(TypedDict):
    """The response that a frame is of, and the cursor after it."""

    responseId: str
    offset: int


class StartFrame(FrameHead):
    """The beginning: the place where the reading begins."""

    type: Literal["start"]
    threadId: str
    status: StatusName


class DeltaFrame(FrameHead, DeltaData):
    """The next text, whole characters."""

    type: Literal["delta"]


class ThinkingFrame(FrameHead, ThinkingData):
    """The model's next thought; `thinkingOffset` is the cursor after it."""

    type: Literal["thinking"]


class ToolFrame(FrameHead, ToolData):
    """A hint that a tool has started or ended, never replayed."""

    type: Literal["tool"]


class RequestFrame(FrameHead, RequestState):
    """A request to a person, for whom the response waits."""

    type: Literal["request"]


class RequestEndFrame(FrameHead, AnswerState):
    """The end of a request."""

    type: Literal["answer"]


class TakenAnswerFrame(AnswerState):
    """The end of a request, for a client that answered it and does not follow the response."""

    type: Literal["answer"]
    responseId: str


class EndFrame(FrameHead, EndData):
    """The end of a response; exactly one, always last."""

    type: Literal["end"]


class UnfollowedFrame(TypedDict):
    """The end of following a response."""

    type: Literal["unfollowed"]
    responseId: str


class ThreadFrame(TypedDict):
    """A change of a thread, with the thread as it is now."""

    type: Literal["thread"]
    event: Literal["created", "updated"]
    thread: ThreadState


class ThreadName(TypedDict):
    """The id of a thread."""

    threadId: str


class DeletedThreadFrame(TypedDict):
    """The deletion of a thread."""

    type: Literal["thread"]
    event: Literal["deleted"]
    thread: ThreadName


class PongFrame(TypedDict):
    """A sign of life."""

    type: Literal["pong"]


class ErrorFrame(TypedDict):
    """A fault of a frame, or of following a response; further fields are those of the problem document."""

    type: Literal["error"]
    code: ErrorCode
    detail: str
    responseId: NotRequired[str]
    retryAfter: NotRequired[float]


EVENTS: dict[str, Any] = {
    "start": StartData,
    "delta": DeltaData,
    "thinking": ThinkingData,
    "tool": ToolData,
    "request": RequestState,
    "answer": AnswerState,
    "end": EndData,
}

FRAMES: dict[str, Any] = {
    "start": StartFrame,
    "delta": DeltaFrame,
    "thinking": ThinkingFrame,
    "tool": ToolFrame,
    "request": RequestFrame,
    "requestEnd": RequestEndFrame,
    "takenAnswer": TakenAnswerFrame,
    "end": EndFrame,
    "unfollowed": UnfollowedFrame,
    "thread": ThreadFrame,
    "deletedThread": DeletedThreadFrame,
    "pong": PongFrame,
    "error": ErrorFrame,
}
