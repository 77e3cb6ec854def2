"""Requests of AG-UI's clients: a run of the agent, and CopilotKit's single route around it.

Only the newest user's message is new; everything else that a client sends along serves to find its place in the thread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import msgspec

from chat.exceptions import BadRequest, TooLarge
from chat.schemas.prompts import MAX_TURNS, Content, SendRequest, Turn
from chat.schemas.validation import checked_id, is_id, optional_id, parse_object, parse_struct

# Roles of messages that take part in the conversation, as they are stored; the others are the client's own affair.
_ROLES = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system"}


@dataclass(frozen=True, slots=True)
class RunRequest:
    """A run of the agent: its prompt, and the version of AG-UI that the client sent (None: none)."""

    send: SendRequest
    thread_id: str
    run_id: str
    protocol: str | None


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
    # Those of the older `binary` part.
    mimeType: str | None = None
    data: str | None = None
    url: str | None = None


class _Message(msgspec.Struct):
    role: str
    id: str | None = None
    content: str | list[_Part] | dict[str, Any] | None = None


class _Connect(msgspec.Struct):
    threadId: str
    runId: str
    protocolVersion: str | None = None


class _Run(_Connect, kw_only=True):
    messages: list[_Message]
    forwardedProps: Any = None
    resume: list[Any] | None = None


class _Params(msgspec.Struct):
    agentId: str = "default"
    threadId: str | None = None


class _Envelope(msgspec.Struct):
    method: Literal["info", "agent/run", "agent/connect", "agent/stop"]
    params: _Params = msgspec.field(default_factory=_Params)
    body: msgspec.Raw = msgspec.Raw(b"{}")


class _Stop(msgspec.Struct):
    runId: str | None = None


S = TypeVar("S", bound=msgspec.Struct)


def parse_run(body: bytes, model: str | None = None) -> RunRequest:
    """Parse AG-UI's `RunAgentInput`. `model`: the one that the path names, in place of the body's own."""
    raw = parse_struct(body, _Run)
    if raw.resume:
        raise BadRequest("`resume` is not taken: no run of this server is interrupted.")
    if len(raw.messages) > MAX_TURNS:
        raise TooLarge(f"`messages` holds more than {MAX_TURNS} messages.")
    thread, run = checked_id(raw.threadId, "threadId"), checked_id(raw.runId, "runId")
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
    )
    return RunRequest(send, thread, run, raw.protocolVersion)


def parse_connect(body: bytes) -> ConnectRequest:
    """Parse the body of CopilotKit's `connect`, of which only the names count."""
    raw = parse_struct(body, _Connect)
    names = checked_id(raw.threadId, "threadId"), checked_id(raw.runId, "runId")
    return ConnectRequest(*names, raw.protocolVersion)


def parse_envelope(body: bytes) -> Envelope | None:
    """Parse a request to CopilotKit's single route; None for any other, which has no `method`."""
    if "method" not in parse_object(body):
        return None
    raw = parse_struct(body, _Envelope)
    thread = optional_id(raw.params.threadId, "params.threadId")
    return Envelope(raw.method, raw.params.agentId, thread, bytes(raw.body))


def parse_stop(body: bytes) -> str | None:
    """Return the run that a stop names; no body, or none in it: whichever runs."""
    return optional_id(parse_struct(body, _Stop).runId, "runId") if body.strip() else None


def _prompt(messages: Sequence[_Message]) -> int:
    """Return the position of the newest user's message. Raise BadRequest where there is none, or a tool's result is last."""
    if messages and messages[-1].role == "tool":
        raise BadRequest("The last of `messages` is a tool's result; this server's tools run on the server.")
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
    url = _picture_url(part)
    if url is None:
        raise BadRequest(
            f"`{where}` may hold parts of the types `text` and `image`, with their data or address."
        )
    return {"type": "image_url", "image_url": {"url": url}}


def _picture_url(part: _Part) -> str | None:
    source = part.source
    if part.type == "image" and source is not None:
        data = f"data:{source.mimeType or ''};base64,{source.value}"
        return source.value if source.type == "url" else data
    if part.type == "binary" and (part.mimeType or "").startswith("image/"):
        return part.url if part.data is None else f"data:{part.mimeType};base64,{part.data}"
    return None
