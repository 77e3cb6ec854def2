"""Requests of OpenAI's chat completions: the messages are the whole history, and nothing is kept for a next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from msgspec import Meta

from chat.exceptions import BadRequest, TooLarge
from chat.schemas.openai_content import ROLES, Part, content_of
from chat.schemas.openai_tools import CalledTool, Choice, checked_tools, choice_parameters, encoded_calls
from chat.schemas.options import Options, bound_parameters
from chat.schemas.prompts import MAX_TURNS, Content, SendRequest, Turn
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
    tool_calls: list[CalledTool] | None = None
    tool_call_id: str | None = None


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


class CompletionBody(_Parameters, kw_only=True):
    """A chat completion."""

    messages: Annotated[list[_Message], Meta(min_length=1)]
    model: str | None = None
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    n: int | None = None
    logprobs: bool | None = None
    audio: Any = None
    modalities: list[str] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: Choice | None = None
    parallel_tool_calls: bool | None = None
    functions: list[Any] | None = None


def parse_completion(body: bytes) -> CompletionRequest:
    """Parse the body of `POST /v1/chat/completions`. Raise BadRequest or TooLarge."""
    raw = parse_struct(body, CompletionBody)
    _check_features(raw)
    usage = raw.stream_options is not None and bool(raw.stream_options.include_usage)
    return CompletionRequest(_send(raw), bool(raw.stream), usage)


def _check_features(raw: CompletionBody) -> None:
    if raw.n not in (None, 1):
        raise BadRequest("`n` must be 1.")
    if raw.logprobs:
        raise BadRequest("`logprobs` are not given.")
    if raw.audio is not None or "audio" in (raw.modalities or ()):
        raise BadRequest("There is no audio.")
    if raw.functions:
        raise BadRequest("`functions` are not taken: send them as `tools`.")


def _send(raw: CompletionBody) -> SendRequest:
    if len(raw.messages) > MAX_TURNS:
        raise TooLarge(f"`messages` holds more than {MAX_TURNS} messages.")
    _check_results(raw.messages)
    turns = [turn for at, message in enumerate(raw.messages) if (turn := _turn(message, at))]
    # System texts count wherever they stand.
    system = [turn for turn in turns if turn.role == "system"]
    said = [turn for turn in turns if turn.role != "system"]
    prompt = next((at for at in range(len(said) - 1, -1, -1) if said[at].role == "user"), None)
    if prompt is None or said[-1].role not in ("user", "tool"):
        raise BadRequest(
            "The last of `messages`, system texts aside, must be the user's, or the result of a tool."
        )
    rounds = tuple(said[prompt + 1 :])
    before = {id(turn) for turn in (*system, *said[:prompt])}
    return SendRequest(
        content=said[prompt].content,
        thread_id=f"conv_{uuid4().hex}",
        response_id=f"chatcmpl-{uuid4().hex}",
        model=raw.model,
        turns=tuple(turn for turn in turns if id(turn) in before),
        rounds=rounds,
        unlisted=True,
        inline_pictures=True,
        options=_options(raw),
    )


def _options(raw: CompletionBody) -> Options:
    """Return the options of the answer. Without `tools`, a choice among them says nothing."""
    parameters, tools = _parameters(raw), checked_tools(raw.tools or [])
    if tools:
        parameters |= choice_parameters(tools, raw.tool_choice, raw.parallel_tool_calls)
    return Options(parameters=parameters, tools=tools)


def _check_results(messages: list[_Message]) -> None:
    """Raise BadRequest unless each call is answered once, right behind the message that holds it."""
    waiting: set[str] = set()
    for at, message in enumerate(messages):
        if message.role == "tool":
            if message.tool_call_id not in waiting:
                raise BadRequest(f"`messages[{at}].tool_call_id` names no call of the message before it.")
            waiting.remove(message.tool_call_id)
        elif waiting:
            break
        waiting |= {call.id for call in message.tool_calls or ()}
    if waiting:
        raise BadRequest(f"The call `{min(waiting)[:64]}` in `messages` has no result right behind it.")


def _turn(message: _Message, at: int) -> Turn | None:
    """Return a message as it is stored; None for a reply without text and calls, which models refuse."""
    where = f"messages[{at}]"
    if message.role == "tool":
        return Turn("tool", _text_of(message, where), tool_call_id=message.tool_call_id)
    if message.role not in ROLES or (message.tool_calls and message.role != "assistant"):
        raise BadRequest(f"`{where}` must be of the role system, developer, user, assistant or tool.")
    if message.tool_calls:
        calls = encoded_calls(message.tool_calls, f"{where}.tool_calls")
        return Turn("assistant", _text_of(message, where), tool_calls=calls)
    if message.role == "assistant" and not message.content:
        return None
    return Turn(ROLES[message.role], content_of(message.content, f"{where}.content"))


def _text_of(message: _Message, where: str) -> Content:
    """Return the text beside calls, or of a result, which may be empty. Raise BadRequest for other media."""
    content = content_of(message.content, f"{where}.content") if message.content else Content("")
    if content.parts:
        raise BadRequest(f"`{where}.content` may hold text alone.")
    return content


def _parameters(raw: CompletionBody) -> dict[str, Any]:
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
