"""Requests of OpenAI's Responses API, and of its conversations.

Only the last item of an input is new in a known thread: the thread's own history counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import takewhile
from typing import Annotated, Any
from uuid import uuid4

import msgspec
from msgspec import Meta

from chat.conf import settings
from chat.exceptions import BadRequest, TooLarge
from chat.schemas.answers import BroughtAnswer
from chat.schemas.openai_items import APPROVAL, OUTPUT, Item, output_of, turns_of
from chat.schemas.openai_tools import checked_tools
from chat.schemas.options import Options, bound_parameters
from chat.schemas.prompts import MAX_TURNS, QUEUE_UNLESS_WAITING, SendRequest, Turn
from chat.schemas.validation import bounded, parse_struct

_Metadata = Annotated[
    dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=512)]], Meta(max_length=16)
]

# Items of a conversation that OpenAI takes at once are 20; an import here may be as long as any other.
_ITEMS = MAX_TURNS


@dataclass(frozen=True, slots=True)
class ResponseRequest:
    """A prompt, or answers to what a response waits for.

    `send` lacks its place in a thread, which `previous` (a response) or `conversation` (a thread) names; None where there are
    only answers.
    """

    send: SendRequest | None
    brought: list[BroughtAnswer]
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


class _Named(msgspec.Struct):
    id: str


class _Format(msgspec.Struct):
    format: dict[str, Any] | None = None


class _Reasoning(msgspec.Struct):
    effort: str | None = None


class ResponseBody(msgspec.Struct):
    """A prompt, with its place and its options."""

    input: str | list[Item]
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
    tools: list[dict[str, Any]] | None = None


class ConversationBody(msgspec.Struct):
    """A conversation to make, with the messages that it begins with."""

    items: list[Item] | None = None
    metadata: _Metadata | None = None


def parse_response(body: bytes) -> ResponseRequest:
    """Parse the body of `POST /v1/responses`. Raise BadRequest or TooLarge."""
    raw = parse_struct(body, ResponseBody)
    _check(raw)
    brought = _brought(raw.input)
    conversation = raw.conversation.id if isinstance(raw.conversation, _Named) else raw.conversation
    placed = raw.previous_response_id is not None or conversation is not None
    send = None if brought and (placed or not _has_prompt(raw.input)) else _send(raw)
    store = raw.store is not False
    return ResponseRequest(
        send, brought, raw.previous_response_id, conversation, bool(raw.stream), bool(raw.background), store
    )


def _send(raw: ResponseBody) -> SendRequest:
    """Return the prompt: the last message of the user, with the calls of functions that follow it. Raise BadRequest."""
    turns = _turns(raw.input)
    said = [turn for turn in turns if turn.role != "system"]
    prompt = next((at for at in range(len(said) - 1, -1, -1) if said[at].role == "user"), None)
    if prompt is None or said[-1].role not in ("user", "tool"):
        raise BadRequest(
            "The last item of `input` must be the user's, an approval, or the output of a function."
        )
    system = [raw.instructions or "", *(turn.content.text for turn in turns if turn.role == "system")]
    return SendRequest(
        content=said[prompt].content,
        response_id=f"resp_{uuid4().hex}",
        model=raw.model,
        busy=QUEUE_UNLESS_WAITING,
        turns=tuple(said[:prompt]),
        rounds=tuple(said[prompt + 1 :]),
        unlisted=raw.store is False,
        inline_pictures=True,
        options=_options(raw, "\n\n".join(filter(None, system))),
    )


def _has_prompt(items: str | list[Item]) -> bool:
    return isinstance(items, str) or any(item.role == "user" for item in items)


def _brought(items: str | list[Item]) -> list[BroughtAnswer]:
    """Return the answers at the end of the items."""
    if isinstance(items, str):
        return []
    last = list(takewhile(lambda item: item.type in (APPROVAL, OUTPUT), reversed(items)))
    return [_answer(item) for item in reversed(last)]


def _answer(item: Item) -> BroughtAnswer:
    if item.type == APPROVAL:
        return BroughtAnswer(item.approval_request_id, {"approved": item.approve})
    return BroughtAnswer(item.call_id, output_of(item, "input.output"), to_call=True)


def parse_conversation(body: bytes) -> ConversationRequest:
    """Parse the body of `POST /v1/conversations`, which may be empty. Raise BadRequest or TooLarge."""
    raw = parse_struct(body or b"{}", ConversationBody)
    return ConversationRequest(_turns(raw.items or []), raw.metadata or {})


def _check(raw: ResponseBody) -> None:
    if raw.tools and raw.store is False:
        raise BadRequest("Functions need a response that is stored: leave out `store`.")
    if raw.previous_response_id is not None and raw.conversation is not None:
        raise BadRequest("Give either `previous_response_id` or `conversation`, not both.")
    if raw.store is False and (raw.previous_response_id is not None or raw.conversation is not None):
        raise BadRequest("A response in a stored conversation is stored with it: leave out `store`.")
    if raw.instructions:
        bounded(raw.instructions, settings.content_bytes, "instructions")


def _turns(items: str | list[Item]) -> tuple[Turn, ...]:
    if isinstance(items, str):
        items = [Item("user", items)]
    if len(items) > _ITEMS:
        raise TooLarge(f"There are more than {_ITEMS} items.")
    return tuple(turns_of(items))


def _options(raw: ResponseBody, instructions: str) -> Options:
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
    tools = checked_tools([_function(tool) for tool in raw.tools or []])
    return Options(parameters, instructions, given, tools, awaits_results=bool(tools))


def _function(tool: dict[str, Any]) -> dict[str, Any]:
    """Return a function of the client as chat completions name it. Raise BadRequest for a tool of another kind."""
    if tool.get("type") != "function":
        raise BadRequest("`tools` may hold functions alone: the other tools are this server's own.")
    names = ("name", "description", "parameters", "strict")
    given = {name: tool[name] for name in names if tool.get(name) is not None}
    return {"type": "function", "function": given}


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
