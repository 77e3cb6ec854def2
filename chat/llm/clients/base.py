"""The interface between the engine and a model of any kind."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from chat.llm.sse import AtOnce, StreamUpdate, TokenCounts

Messages = list[dict[str, Any]]
Tools = list[dict[str, Any]]

# The two names of the largest number of tokens in an answer.
TOKEN_LIMITS = ("max_tokens", "max_completion_tokens")

# The fields of a request that differ from call to call.
CHANGING = ("messages", "prompt", "tools")


@dataclass(slots=True)
class SentRequest:
    """A request as it was sent: the body's SHA-256 (hexadecimal), and `envelope`, its JSON without the CHANGING fields.

    `context`: the size in tokens that a prompt was cut to, where the client did that. `form`: the form in which the history
    was sent (`chat.llm.clients.message_forms`); `shape`: what its messages were brought into after that
    (`chat.llm.clients.message_shape`), None for nothing.
    """

    digest: str = ""
    envelope: bytes = b""
    context: int | None = None
    form: str = ""
    shape: dict[str, Any] | None = None

    def facts(self) -> dict[str, Any]:
        """Return the digest and the envelope, and what was done to the history before it was sent."""
        return {name: getattr(self, name) for name in self.__slots__}

    def note(self, body: dict[str, Any]) -> bytes:
        """Return the encoded body. CHANGING fields are null in the envelope: their order is part of the request."""
        around = {name: None if name in CHANGING else value for name, value in body.items()}
        self.envelope = msgspec.json.encode(around)
        encoded = msgspec.json.encode(body)
        self.digest = hashlib.sha256(encoded).hexdigest()
        return encoded


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """The history, oldest first, as chat completions messages, and the tools that may be called.

    `provenance`: the origin of the history, from `chat.threads.model_context`. `sent_request` is filled in by the client.
    `may_call`: false where the tools are only described, for the calls in the history. `effort`: the chosen one; a model that
    does not offer it ignores it. `parameters`: those of the request, which go before the model's own.
    `searches_files`: a file is in it in part, and a tool finds the rest; `unread_files`: keys of files that are still being
    read, whose text the history lacks; `other_files`: the user has files whose text it lacks, and a tool finds them. `metadata`
    goes before the model's own.
    """

    messages: Messages
    tools: Tools
    provenance: dict[str, Any] = field(default_factory=dict)
    sent_request: SentRequest = field(default_factory=SentRequest)
    may_call: bool = True
    effort: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    searches_files: bool = False
    unread_files: list[int] = field(default_factory=list)
    other_files: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """The properties of a model that the engine uses.

    `name`: the configured name; `upstream`: the name sent to its server. `system`: the system prompt ahead of every
    history. `writes_c1`: it writes C1's format or openui-lang, so think items may be inserted. `tools`: all, none, or the
    named ones. `budget_tokens`: the size of the history; None: the default. `parameters`: sent with each request.
    `images`: it accepts pictures; `files`: it accepts files. The fields from `gateway` on are those of `ModelSpec`, with
    their defaults by the model's name applied.
    """

    name: str
    upstream: str
    parameters: dict[str, Any]
    system: str = ""
    writes_c1: bool = False
    tools: bool | tuple[str, ...] = False
    budget_tokens: int | None = None
    images: bool = False
    files: bool = False
    gateway: bool = False
    alternate: bool = False
    one_system: bool | str = False
    call_ids: int | None = None
    think_tags: bool | str = False
    stream_usage: bool = True
    wants_back: str | bool = True
    efforts: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def form(self) -> str:
        """Return the form of the messages that the model reads and writes."""
        return "gateway" if self.gateway else "c1" if self.writes_c1 else "text"

    def effort_fields(self, effort: str | None) -> dict[str, Any]:
        """Return the fields that an effort adds to a request; none where this model does not offer it."""
        return self.efforts.get(effort, {}) if effort else {}

    def fields_for(self, request: ModelRequest) -> dict[str, Any]:
        """Return the fields of a request that are not the client's own: the model's, the effort's, and the prompt's.

        The owner's limit of an answer's tokens bounds the one that a prompt asks for.
        """
        own = {**self.parameters, **self.effort_fields(request.effort)}
        limit = next((name for name in TOKEN_LIMITS if name in own), "max_tokens")
        asked = {limit if name == "max_tokens" else name: value for name, value in request.parameters.items()}
        if isinstance(own.get(limit), int) and limit in asked:
            asked[limit] = min(asked[limit], own[limit])
        return {**own, **asked}

    def takes(self, names: Iterable[str]) -> set[str]:
        """Return the tools among these that may be offered to this model."""
        if isinstance(self.tools, bool):
            return set(names) if self.tools else set()
        return set(names) & set(self.tools)


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """An answer that was not streamed. `usage`: the provider's count, None without one."""

    text: str
    usage: TokenCounts | None


class ModelClient(Protocol):
    """A model. Answers to prompts are streamed; `complete` and `first_token` serve titles and probes."""

    @property
    def profile(self) -> ModelProfile: ...

    def stream(self, request: ModelRequest, at_once: AtOnce | None = None) -> AsyncGenerator[StreamUpdate]:
        """Yield the answer, one update per read; closing the generator closes the connection.

        `at_once` may take updates in the turn that brings them, where a client can offer it. Raise ModelFailed, Unavailable or
        ModelTimeout, after the good part of the last read, and what `at_once` raises.
        """

    async def complete(self, request: ModelRequest) -> WholeAnswer:
        """Return an answer in one piece. Raise ModelError. The caller sets the deadline."""

    async def first_token(self, request: ModelRequest) -> None:
        """Return at the first text, thought or tool call, or at the end of an answer without any; close the connection.

        Raise ModelError. The caller sets the deadline.
        """
