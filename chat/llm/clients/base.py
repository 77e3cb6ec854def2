"""What the engine asks of a model, whichever it is."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from chat.llm.sse import StreamUpdate, TokenCounts

Messages = list[dict[str, Any]]
Tools = list[dict[str, Any]]


CHANGING = ("messages", "prompt", "tools")  # parts of a body; all others are the same from call to call


@dataclass(slots=True)
class SentRequest:
    """What went out: the body's SHA-256 (hexadecimal), and `envelope`, its JSON without what changes from call to call.

    `context`: the tokens that a prompt was fitted into, where the client did that.
    """

    digest: str = ""
    envelope: bytes = b""
    context: int | None = None

    def note(self, body: dict[str, Any]) -> bytes:
        """The body, encoded. What changes keeps its place in the envelope: the order is part of what is sent."""
        around = {name: None if name in CHANGING else value for name, value in body.items()}
        self.envelope = msgspec.json.encode(around)
        encoded = msgspec.json.encode(body)
        self.digest = hashlib.sha256(encoded).hexdigest()
        return encoded


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """The history, oldest first, in the shape of chat completions, and the tools that may be called (none: off).

    `recipe`: where the history came from, as `chat.threads.model_context` says it. `sent` is filled in by the client.
    """

    messages: Messages
    tools: Tools
    provenance: dict[str, Any] = field(default_factory=dict)
    sent_request: SentRequest = field(default_factory=SentRequest)


@dataclass(frozen=True, slots=True)
class ModelProfile:
    """What the engine has to know of a model.

    `name`: the configured one; `upstream`: what its server is told. `system`: goes ahead of every history; empty: nothing.
    `writes_c1`: its text is C1's or openui-lang, into which think items may be put. `tools`: all, none, or those named.
    `budget_tokens`: of the history; None: the usual. `parameters`: sent with each request. `images`: it takes pictures.
    """

    name: str
    upstream: str
    parameters: dict[str, Any]
    system: str = ""
    writes_c1: bool = False
    tools: bool | tuple[str, ...] = False
    budget_tokens: int | None = None
    images: bool = False

    def takes(self, names: Iterable[str]) -> set[str]:
        """Those of the tools that this model may be offered."""
        if isinstance(self.tools, bool):
            return set(names) if self.tools else set()
        return set(names) & set(self.tools)


@dataclass(frozen=True, slots=True)
class WholeAnswer:
    """An answer that was not streamed. `usage`: the provider's own count, if it sent one."""

    text: str
    usage: TokenCounts | None


class ModelClient(Protocol):
    """A model. Its answers to prompts are streamed; `complete` and `first_token` are for the server's own questions."""

    @property
    def profile(self) -> ModelProfile: ...

    def stream(self, request: ModelRequest) -> AsyncGenerator[StreamUpdate]:
        """The answer, one piece for all that arrived together; closing the generator closes the connection.

        Raises ModelFailed, Unavailable, ModelTimeout; what was good of a bad read is yielded before.
        """

    async def complete(self, request: ModelRequest) -> WholeAnswer:
        """Return an answer in one piece. Raises ModelTrouble. The caller sets the deadline."""

    async def first_token(self, request: ModelRequest) -> None:
        """Return when the first text or tool call comes, or the end of an answer without; the connection is closed then.

        Raises ModelTrouble. The caller sets the deadline.
        """
