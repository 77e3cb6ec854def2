"""Requests of AG-UI's clients: a run of the agent, and CopilotKit's single route around it.

Only the newest user's message is new; everything else that a client sends along serves to find its place in the thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, Literal, TypeVar

import msgspec

from chat.exceptions import BadRequest, TooLarge
from chat.schemas.answers import BroughtAnswer
from chat.schemas.openai_tools import awaited_tools
from chat.schemas.prompts import MAX_TURNS, UPLOADS, Content, SendRequest, Turn
from chat.schemas.validation import checked_id, is_id, optional_id, parse_object, parse_struct

# Roles of messages that take part in the conversation, as they are stored; the others are the client's own affair.
_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A run of the agent: its prompt, or answers to what the thread waits for.

    `protocol`: the version of AG-UI that the client sent (None: none).
    """

    send: SendRequest | None
    brought: list[BroughtAnswer]
    thread_id: str
    run_id: str
    protocol: str | None

    @property
    def brought_in(self) -> str:
        """Return the field of the body that the first answer came in."""
        return "messages" if self.brought[0].to_call else "resume"


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """A wish to follow a thread's newest run under a name of the client's own."""

    thread_id: str
    run_id: str
    protocol: str | None


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request to CopilotKit's single route. `body` is that of the route that `method` names."""

    method: str
    agent: str
    thread_id: str | None
    body: bytes


class _Source(msgspec.Struct):
    type: Literal["data", "url"]
    value: str
    mimeType: str | None = None


class _Part(msgspec.Struct):
    type: str
    text: str = ""
    source: _Source | None = None
    # Those of the older `binary` part; `filename` of a document as well.
    mimeType: str | None = None
    data: str | None = None
    url: str | None = None
    filename: str | None = None


class _Message(msgspec.Struct):
    role: str
    id: str | None = None
    content: str | list[_Part] | dict[str, Any] | None = None
    # Those of a tool's result.
    toolCallId: str | None = None
    error: str | None = None


class _Tool(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class _Resume(msgspec.Struct):
    interruptId: str
    status: Literal["resolved", "cancelled"]
    payload: Any = None


class ConnectBody(msgspec.Struct):
    """A wish to follow the newest run of a thread, under the client's own name for it."""

    threadId: str
    runId: str
    protocolVersion: str | None = None


class RunBody(ConnectBody, kw_only=True):
    """AG-UI's `RunAgentInput`."""

    messages: list[_Message]
    forwardedProps: Any = None
    tools: list[_Tool] | None = None
    resume: list[_Resume] | None = None


class _Params(msgspec.Struct):
    agentId: str = "default"
    threadId: str | None = None


class EnvelopeBody(msgspec.Struct):
    """A request to CopilotKit's single route. `body` is that of the route that `method` names."""

    method: Literal["info", "agent/run", "agent/connect", "agent/stop"]
    params: _Params = msgspec.field(default_factory=_Params)
    body: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))


class RunStopBody(msgspec.Struct):
    """A stop of one run, or of whichever runs in the thread."""

    runId: str | None = None


S = TypeVar("S", bound=msgspec.Struct)


def parse_run(body: bytes, model: str | None = None) -> RunRequest:
    """Parse AG-UI's `RunAgentInput`. `model`: the one that the path names, in place of the body's own."""
    raw = parse_struct(body, RunBody)
    if len(raw.messages) > MAX_TURNS:
        raise TooLarge(f"`messages` holds more than {MAX_TURNS} messages.")
    thread, run = checked_id(raw.threadId, "threadId"), checked_id(raw.runId, "runId")
    if brought := [*_resumed(raw.resume or []), *_results(raw.messages)]:
        return RunRequest(None, brought, thread, run, raw.protocolVersion)
    at = _prompt(raw.messages)
    send = SendRequest(
        content=_content(raw.messages[at], at),
        prompt_id=optional_id(raw.messages[at].id, f"messages[{at}].id"),
        thread_id=thread,
        response_id=run,
        model=model if model is not None else _model(raw.forwardedProps),
        turns=_turns(raw.messages[:at]),
        by_id=True,
        another_if_known=True,
        inline_pictures=True,
        options=awaited_tools([_openai_tool(tool) for tool in raw.tools or []]),
    )
    return RunRequest(send, [], thread, run, raw.protocolVersion)


def _resumed(entries: Sequence[_Resume]) -> list[BroughtAnswer]:
    return [
        BroughtAnswer(one.interruptId, one.payload, declined=one.status == "cancelled") for one in entries
    ]


def _results(messages: Sequence[_Message]) -> list[BroughtAnswer]:
    """Return the results of the client's tools at the end of the messages."""
    last = takewhile(lambda message: message.role == "tool", reversed(messages))
    return [BroughtAnswer(one.toolCallId or "", _result(one), to_call=True) for one in reversed(list(last))]


def _result(message: _Message) -> Any:
    if message.error is not None:
        return {"error": message.error}
    content = msgspec.to_builtins(message.content)
    if isinstance(content, list) and all(part["type"] == "text" for part in content):
        return "".join(part["text"] for part in content)
    return content


def _openai_tool(tool: _Tool) -> dict[str, Any]:
    given = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {
        "type": "function",
        "function": {name: value for name, value in given.items() if value is not None},
    }


def parse_connect(body: bytes) -> ConnectRequest:
    """Parse the body of CopilotKit's `connect`, of which only the names count."""
    raw = parse_struct(body, ConnectBody)
    names = checked_id(raw.threadId, "threadId"), checked_id(raw.runId, "runId")
    return ConnectRequest(*names, raw.protocolVersion)


def parse_envelope(body: bytes) -> Envelope | None:
    """Parse a request to CopilotKit's single route; None for any other, which has no `method`."""
    if "method" not in parse_object(body):
        return None
    raw = parse_struct(body, EnvelopeBody)
    thread = optional_id(raw.params.threadId, "params.threadId")
    return Envelope(raw.method, raw.params.agentId, thread, bytes(raw.body))


def parse_stop(body: bytes) -> str | None:
    """Return the run that a stop names; no body, or none in it: whichever runs."""
    return optional_id(parse_struct(body, RunStopBody).runId, "runId") if body.strip() else None


def _prompt(messages: Sequence[_Message]) -> int:
    """Return the position of the newest user's message. Raise BadRequest where there is none."""
    for at in range(len(messages) - 1, -1, -1):
        if messages[at].role == "user":
            return at
    raise BadRequest("`messages` holds no message of the role `user`.")


def _model(forwarded: Any) -> str | None:
    model = forwarded.get("model") if isinstance(forwarded, dict) else None
    if not isinstance(model, str | None):
        raise BadRequest("`forwardedProps.model` must be text.")
    return model


def _turns(messages: Sequence[_Message]) -> tuple[Turn, ...]:
    """Return the messages before the prompt that take part in the conversation and say something."""
    turns = []
    for at, message in enumerate(messages):
        if message.role in _ROLES and message.content:
            name = message.id if message.id is not None and is_id(message.id) else None
            turns.append(Turn(_ROLES[message.role], _content(message, at), name))
    return tuple(turns)


def _content(message: _Message, at: int) -> Content:
    """Return a message's content; one of text alone becomes that text. Its size is checked when its pictures are stored."""
    content, where = message.content, f"messages[{at}].content"
    if isinstance(content, list):
        parts = [_part(part, where) for part in content]
        if any(part["type"] != "text" for part in parts):
            return Content(msgspec.json.encode(parts).decode(), parts=True)
        content = "".join(part["text"] for part in parts)
    if not isinstance(content, str) or not content:
        raise BadRequest(f"`{where}` must be text, or a list of parts, and not empty.")
    return Content(content)


def _part(part: _Part, where: str) -> dict[str, Any]:
    """Return OpenAI's form of a part of text or a picture. Raise BadRequest for other media."""
    if part.type == "text":
        return {"type": "text", "text": part.text}
    if (file := _file_data(part)) is not None:
        return {"type": "file", "file": file}
    url = _picture_url(part)
    if url is None:
        raise BadRequest(
            f"`{where}` may hold parts of the types `text`, `image` and `document`, with their data or address."
        )
    return {"type": "image_url", "image_url": {"url": url}}


def _file_data(part: _Part) -> dict[str, str] | None:
    """Return the id or the data of a file; None for a part of another type."""
    source, named = part.source, {"filename": part.filename} if part.filename else {}
    if part.type == "document" and source is not None:
        if source.type == "url" and source.value.lower().startswith("data:"):
            return {"file_data": source.value, **named}
        if source.type == "url":
            return {"file_id": source.value.removeprefix(UPLOADS), **named}
        return {"file_data": f"data:{source.mimeType or ''};base64,{source.value}", **named}
    if part.type == "binary" and part.data is not None and not (part.mimeType or "").startswith("image/"):
        return {"file_data": f"data:{part.mimeType or ''};base64,{part.data}", **named}
    return None


def _picture_url(part: _Part) -> str | None:
    source = part.source
    if part.type == "image" and source is not None:
        data = f"data:{source.mimeType or ''};base64,{source.value}"
        return source.value if source.type == "url" else data
    if part.type == "binary" and (part.mimeType or "").startswith("image/"):
        return part.url if part.data is None else f"data:{part.mimeType};base64,{part.data}"
    return None
