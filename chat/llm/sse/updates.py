"""The result of one read of an upstream answer, and its errors.

StreamError
├── EventTooLarge   one event beyond the bound
├── BadStream       no stream of completions: HTML, bad JSON, wrong types
└── UpstreamError   an error that the model's server reports inside the stream
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

_PUBLIC_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")


class CallDelta(msgspec.Struct, frozen=True):
    """A piece of a tool call. `index` and `id` name the call where the server sends them; texts are as received.

    `fields`: the provider's own beside these; under `function`, those of the call's function.
    """

    index: int | None = None
    id: str | None = None
    name: str = ""
    arguments: str = ""
    fields: dict[str, Any] = {}


class TokenCounts(msgspec.Struct, frozen=True):
    """The provider's counts, in tokens.

    `reasoning_tokens` are among the completion's, `cached_tokens` among the prompt's; None where it does not say.
    """

    prompt_tokens: int
    completion_tokens: int
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None


class StreamUpdate(msgspec.Struct, frozen=True):
    """The content of one read. `text` can be stored as it is; `done` means that `[DONE]` or a whole body came.

    `thinking`: pieces of thought, storable too, each with the number of characters of `text` that it stands after.
    `fields`: the provider's own of each message delta that has some, as received; CallAccumulator merges them.
    """

    text: str = ""
    calls: tuple[CallDelta, ...] = ()
    finish_reason: str | None = None
    usage: TokenCounts | None = None
    done: bool = False
    thinking: tuple[tuple[int, str], ...] = ()
    fields: tuple[dict[str, Any], ...] = ()


# Takes an update whole and returns True, or leaves it whole.
AtOnce = Callable[[StreamUpdate], bool]


class StreamError(ValueError):
    """The model's answer broke off."""

    def __init__(self) -> None:
        super().__init__((type(self).__doc__ or "").strip())
        # The earlier events of the same read, and their content.
        self.payloads: list[bytes] = []
        self.piece = StreamUpdate()


class EventTooLarge(StreamError):
    """The model sent one event with more than 16 MiB, or more than 60,000 values."""


class BadStream(StreamError):
    """The model's answer is not a stream of chat completions."""


class UpstreamError(StreamError):
    """The model reported an error inside its answer."""

    def __init__(self, error: object = None) -> None:
        """Keep `kind` and `code` of the provider's error if they look like identifiers; never its message."""
        super().__init__()
        fields = error if isinstance(error, dict) else {}
        # An event named `error` may hold the usual object with the key `error`.
        fields = fields["error"] if isinstance(fields.get("error"), dict) else fields
        self.kind, self.code = _identifier(fields.get("type")), _identifier(fields.get("code"))


def _identifier(value: object) -> str:
    plain = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value) if plain and _PUBLIC_WORD.fullmatch(str(value)) else ""
