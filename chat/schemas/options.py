"""Options of a prompt beside its content, as clients of OpenAI's protocols send them: stored with the response."""

from __future__ import annotations

from typing import Any

import msgspec

from chat.conf import settings
from chat.schemas.validation import bounded


class Options(msgspec.Struct, frozen=True, omit_defaults=True):
    """The options of one answer.

    `parameters` are sent to the model. `instructions`: a system text for this answer alone. `shown`: what the client gave and
    gets back with the response. `tools`: the client's own, as they came; the model's calls of them end the response, or with
    `awaits_results` it waits for their results. `metadata`: what of it may go to the model.
    """

    parameters: dict[str, Any] = {}
    instructions: str = ""
    shown: dict[str, Any] = {}
    tools: list[dict[str, Any]] = []
    awaits_results: bool = False
    metadata: dict[str, Any] = {}

    def encode(self) -> str:
        """Return the JSON text that is stored."""
        return msgspec.json.encode(self).decode()


def options_of(stored: str | None) -> Options:
    """Return the options that were stored with a response."""
    return Options() if stored is None else msgspec.json.decode(stored, type=Options)


def bound_parameters(parameters: dict[str, Any]) -> None:
    """Raise TooLarge for parameters of more bytes than a content may have; a schema of an answer can be long."""
    bounded(msgspec.json.encode(parameters).decode(), settings.content_bytes, "parameters")
