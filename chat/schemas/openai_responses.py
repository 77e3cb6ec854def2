"""Requests of OpenAI's Responses API, and of its conversations.

Only the last item of an input is new in a known thread: the thread's own history counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from msgspec import Meta

from chat.conf import settings
from chat.exceptions import BadRequest, TooLarge
from chat.schemas.openai_content import ROLES, Part, content_of
from chat.schemas.options import Options, bound_parameters
from chat.schemas.prompts import MAX_TURNS, SendRequest, Turn
from chat.schemas.validation import bounded, parse_struct

_Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]

# Items of a conversation that OpenAI takes at once are 20; an import here may be as long as any other.
_ITEMS = MAX_TURNS


@dataclass(frozen=True, slots=True)
class ResponseRequest:
    """A prompt. `send` lacks its place in a thread, which `previous` (a response) or `conversation` (a thread) names."""

    send: SendRequest
    previous: str | None
    conversation: str | None
    stream: bool
    background: bool
    store: bool


@dataclass(frozen=True, slots=True)
class ConversationRequest:
    """A conversation to make, with the messages that it begins with."""

    turns: tuple[Turn, ...]
    metadata: dict[str, str]


class _Item(msgspec.Struct):
    role: str = ""
    content: str | list[Part] | None = None
    type: str = "message"


class _Named(msgspec.Struct):
    id: str


class _Format(msgspec.Struct):
    format: dict[str, Any] | None = None


class _Reasoning(msgspec.Struct):
    effort: str | None = None


class _Response(msgspec.Struct):
    input: str | list[_Item]
    model: str | None = None
    instructions: str | None = None
    previous_response_id: str | None = None
    conversation: str | _Named | None = None
    stream: bool | None = None
    background: bool | None = None
    store: bool | None = None
    metadata: _Metadata | None = None
    max_output_tokens: Annotated[int, Meta(ge=1)] | None = None
    temperature: float | None = None
    top_p: float | None = None
    text: _Format | None = None
    reasoning: _Reasoning | None = None
    tools: list[Any] | None = None


class _Conversation(msgspec.Struct):
    items: list[_Item] | None = None
    metadata: _Metadata | None = None


def parse_response(body: bytes) -> ResponseRequest:
    """Parse the body of `POST /v1/responses`. Raise BadRequest or TooLarge."""
    raw = parse_struct(body, _Response)
    _check(raw)
    turns = _turns(raw.input)
    said = [turn for turn in turns if turn.role != "system"]
    if not said or said[-1].role != "user":
        raise BadRequest("The last item of `input` must be the user's.")
    system = [raw.instructions or "", *(turn.content.text for turn in turns if turn.role == "system")]
    conversation = raw.conversation.id if isinstance(raw.conversation, _Named) else raw.conversation
    store = raw.store is not False
    send = SendRequest(
        content=said[-1].content,
        response_id=f"resp_{uuid4().hex}",
        model=raw.model,
        busy="queue",
        turns=tuple(said[:-1]),
        unlisted=not store,
        options=_options(raw, "\n\n".join(filter(None, system))),
    )
    return ResponseRequest(
        send, raw.previous_response_id, conversation, bool(raw.stream), bool(raw.background), store
    )


def parse_conversation(body: bytes) -> ConversationRequest:
    """Parse the body of `POST /v1/conversations`, which may be empty. Raise BadRequest or TooLarge."""
    raw = parse_struct(body or b"{}", _Conversation)
    return ConversationRequest(_turns(raw.items or []), raw.metadata or {})


def _check(raw: _Response) -> None:
    if raw.tools:
        raise BadRequest("`tools` are not taken: the tools of this server run on the server.")
    if raw.previous_response_id is not None and raw.conversation is not None:
        raise BadRequest("Give either `previous_response_id` or `conversation`, not both.")
    if raw.store is False and (raw.previous_response_id is not None or raw.conversation is not None):
        raise BadRequest("A response in a stored conversation is stored with it: leave out `store`.")
    if raw.instructions:
        bounded(raw.instructions, settings.content_bytes, "instructions")


def _turns(items: str | list[_Item]) -> tuple[Turn, ...]:
    if isinstance(items, str):
        items = [_Item("user", items)]
    if len(items) > _ITEMS:
        raise TooLarge(f"There are more than {_ITEMS} items.")
    return tuple(_turn(item, at) for at, item in enumerate(items))


def _turn(item: _Item, at: int) -> Turn:
    where = f"input[{at}]"
    if item.type != "message" or item.role not in ROLES:
        raise BadRequest(f"`{where}` must be a message of the role system, developer, user or assistant.")
    content = content_of(item.content, f"{where}.content")
    if ROLES[item.role] == "system" and content.parts:
        raise BadRequest(f"`{where}` may hold text alone.")
    return Turn(ROLES[item.role], content)


def _options(raw: _Response, instructions: str) -> Options:
    """Return the options: what goes to the model, and what the response object gives back."""
    bounded(instructions, settings.content_bytes, "instructions")
    format_ = raw.text.format if raw.text else None
    shown = {
        "background": raw.background,
        "instructions": raw.instructions,
        "max_output_tokens": raw.max_output_tokens,
        "metadata": raw.metadata,
        "previous_response_id": raw.previous_response_id,
        "store": raw.store,
        "temperature": raw.temperature,
        "text": {"format": format_} if format_ else None,
        "top_p": raw.top_p,
    }
    asked = {
        "max_tokens": raw.max_output_tokens,
        "temperature": raw.temperature,
        "top_p": raw.top_p,
        "response_format": _response_format(format_),
        "reasoning_effort": raw.reasoning.effort if raw.reasoning else None,
    }
    parameters = {name: value for name, value in asked.items() if value is not None}
    bound_parameters(parameters)
    given = {name: value for name, value in shown.items() if value is not None}
    return Options(parameters=parameters, instructions=instructions, shown=given)


def _response_format(format_: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the form of an answer as chat completions name it; None for text, which every model gives."""
    if format_ is None or format_.get("type") == "text":
        return None
    if format_.get("type") != "json_schema":
        return {"type": format_.get("type")}
    return {
        "type": "json_schema",
        "json_schema": {key: value for key, value in format_.items() if key != "type"},
    }
