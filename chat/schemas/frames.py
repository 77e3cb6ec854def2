"""Frames that a client sends over the WebSocket. One that sends a prompt has the fields of its body."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from chat.schemas.answers import AnswerBody
from chat.schemas.prompts import PromptBody
from chat.schemas.validation import Id, Offset, checked_id, offset_of, parse_struct


class SendFrame(PromptBody, kw_only=True):
    """A prompt, whose response is followed."""

    type: Literal["send"]


class FollowFrame(msgspec.Struct):
    """A wish to follow a response from an offset; a second one replaces the first."""

    type: Literal["follow"]
    responseId: Id
    offset: Offset = None
    thinkingOffset: Offset = None


class UnfollowFrame(msgspec.Struct):
    """The end of following a response."""

    type: Literal["unfollow"]
    responseId: Id


class StopFrame(msgspec.Struct):
    """A stop of a response. With `offset` the stored message is cut to what a reader at that place had seen."""

    type: Literal["stop"]
    responseId: Id
    offset: Offset = None


class AnswerFrame(AnswerBody, kw_only=True, frozen=True):
    """An answer to a request of a response that waits for a person."""

    type: Literal["answer"]
    responseId: Id


class WatchFrame(msgspec.Struct):
    """A wish to hear of every change of the user's threads."""

    type: Literal["watch"]


class PingFrame(msgspec.Struct):
    """A sign of life."""

    type: Literal["ping"]


@dataclass(frozen=True, slots=True)
class FollowRequest:
    """The place in a response to follow it from; `thinking_offset` None: all thought behind the offset."""

    response_id: str
    offset: int
    thinking_offset: int | None


def parse_follow(text: str) -> FollowRequest:
    """Parse a `follow` frame. Raise BadRequest or BadOffset."""
    raw = parse_struct(text, FollowFrame)
    response_id = checked_id(raw.responseId, "responseId")
    return FollowRequest(response_id, offset_of(raw.offset) or 0, offset_of(raw.thinkingOffset))


def parse_unfollow(text: str) -> str:
    """Return the response that an `unfollow` frame names. Raise BadRequest."""
    return checked_id(parse_struct(text, UnfollowFrame).responseId, "responseId")


def parse_stop(text: str) -> tuple[str, int | None]:
    """Return the response that a `stop` frame names, and the offset of a cut. Raise BadRequest or BadOffset."""
    raw = parse_struct(text, StopFrame)
    return checked_id(raw.responseId, "responseId"), offset_of(raw.offset)


def parse_answer(text: str) -> tuple[str, AnswerBody]:
    """Return the response that an `answer` frame names, and the answer. Raise BadRequest."""
    raw = parse_struct(text, AnswerFrame)
    checked_id(raw.requestId, "requestId")
    return checked_id(raw.responseId, "responseId"), raw


FRAMES_OF_CLIENTS: dict[str, type[msgspec.Struct]] = {
    "send": SendFrame,
    "follow": FollowFrame,
    "unfollow": UnfollowFrame,
    "stop": StopFrame,
    "answer": AnswerFrame,
    "watch": WatchFrame,
    "ping": PingFrame,
}
