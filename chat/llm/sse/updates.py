"""What one read of an upstream answer brings, and how it can fail.

StreamError
├── EventTooLarge   one event beyond the bound
├── BadStream       not what the protocol allows: HTML, bad JSON, wrong types
└── UpstreamError   the model server says in its stream that it failed
"""

from __future__ import annotations

import re

import msgspec

_PUBLIC_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class CallDelta(msgspec.Struct, frozen=True):
    """A piece of a tool call. `index` and `id` say which one, where the server says so; texts are as received."""

    index: int | None = None
    id: str | None = None
    name: str = ""
    arguments: str = ""


class TokenCounts(msgspec.Struct, frozen=True):
    """What the provider counted, in tokens."""

    prompt_tokens: int
    completion_tokens: int


class StreamUpdate(msgspec.Struct, frozen=True):
    """All that one read brought. `text` can be stored as it is; `done` means that `[DONE]` or a whole body came."""

    text: str = ""
    calls: tuple[CallDelta, ...] = ()
    finish_reason: str | None = None
    usage: TokenCounts | None = None
    done: bool = False


class StreamError(ValueError):
    """The model's answer broke off."""

    def __init__(self) -> None:
        super().__init__((type(self).__doc__ or "").strip())
        self.payloads: list[bytes] = []  # events of the same read that came before
        self.piece = StreamUpdate()  # what those events said


class EventTooLarge(StreamError):
    """The model sent one event larger than 16 MiB."""


class BadStream(StreamError):
    """The model's answer is not a stream of chat completions."""


class UpstreamError(StreamError):
    """The model reported an error inside its answer."""

    def __init__(self, error: object = None) -> None:
        """Of the provider's error, `kind` and `code` are kept if they look like identifiers; its words never are."""
        super().__init__()
        fields = error if isinstance(error, dict) else {}
        self.kind, self.code = _identifier(fields.get("type")), _identifier(fields.get("code"))


def _identifier(value: object) -> str:
    plain = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if plain and _PUBLIC_WORD.fullmatch(str(value)) else ""
