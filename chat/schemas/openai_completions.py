"""Requests of OpenAI's chat completions: the messages are the whole history, and nothing is kept for a next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from msgspec import Meta

from chat.exceptions import BadRequest, TooLarge
from chat.schemas.openai_content import ROLES, Part, content_of
from chat.schemas.options import Options, bound_parameters
from chat.schemas.prompts import MAX_TURNS, SendRequest, Turn
from chat.schemas.validation import parse_struct

_Positive = Annotated[int, Meta(ge=1)]

# The two names of the largest number of tokens in an answer.
TOKEN_LIMITS = ("max_tokens", "max_completion_tokens")


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A chat completion. `include_usage`: a stream ends with the count of tokens."""

    send: SendRequest
    stream: bool
    include_usage: bool


class _Message(msgspec.Struct):
    role: str
    content: str | list[Part] | None = None
    tool_calls: list[Any] | None = None


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Parameters(msgspec.Struct):
    """The fields that are passed on to the model."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: _Positive | None = None
    max_completion_tokens: _Positive | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_format: dict[str, Any] | None = None
    reasoning_effort: str | None = None


class _Completion(_Parameters, kw_only=True):
    messages: Annotated[list[_Message], Meta(min_length=1)]
    model: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    n: int | None = None
    logprobs: bool | None = None
    audio: Any = None
    modalities: list[str] | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None


def parse_completion(body: bytes) -> CompletionRequest:
    """Parse the body of `POST /v1/chat/completions`. Raise BadRequest or TooLarge."""
    raw = parse_struct(body, _Completion)
    _check_features(raw)
    usage = raw.stream_options is not None and bool(raw.stream_options.include_usage)
    return CompletionRequest(_send(raw), bool(raw.stream), usage)


def _check_features(raw: _Completion) -> None:
    if raw.n not in (None, 1):
        raise BadRequest("`n` must be 1.")
    if raw.logprobs:
        raise BadRequest("`logprobs` are not given.")
    if raw.audio is not None or "audio" in (raw.modalities or ()):
        raise BadRequest("There is no audio.")
    if raw.tools or raw.functions:
        raise BadRequest("`tools` are not taken: the tools of this server run on the server.")


def _send(raw: _Completion) -> SendRequest:
    if len(raw.messages) > MAX_TURNS:
        raise TooLarge(f"`messages` holds more than {MAX_TURNS} messages.")
    turns = [turn for at, message in enumerate(raw.messages) if (turn := _turn(message, at))]
    # System texts count wherever they stand.
    said = [turn for turn in turns if turn.role != "system"]
    if not said or said[-1].role != "user":
        raise BadRequest("The last of `messages`, system texts aside, must be the user's.")
    return SendRequest(
        content=said[-1].content,
        thread_id=f"conv_{uuid4().hex}",
        response_id=f"chatcmpl-{uuid4().hex}",
        model=raw.model,
        turns=tuple(turn for turn in turns if turn is not said[-1]),
        unlisted=True,
        options=Options(parameters=_parameters(raw)),
    )


def _turn(message: _Message, at: int) -> Turn | None:
    """Return a message as it is stored; None for a reply without text, which models refuse."""
    where = f"messages[{at}]"
    if message.role not in ROLES or message.tool_calls:
        raise BadRequest(f"`{where}` must be a text of the role system, developer, user or assistant.")
    if message.role == "assistant" and not message.content:
        return None
    return Turn(ROLES[message.role], content_of(message.content, f"{where}.content"))


def _parameters(raw: _Completion) -> dict[str, Any]:
    """Return the fields for the model that the request holds, `max_completion_tokens` under its other name."""
    names = (field.name for field in msgspec.structs.fields(_Parameters))
    given = {name: value for name in names if (value := getattr(raw, name)) is not None}
    limits = [given.pop(name) for name in TOKEN_LIMITS if name in given]
    if limits:
        given["max_tokens"] = min(limits)
    if isinstance(raw.stop, str):
        given["stop"] = [raw.stop]
    bound_parameters(given)
    return given
