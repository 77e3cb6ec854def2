"""What the engine asks of a model, whichever it is."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any, Protocol

from chat.sse import Piece

Messages = list[dict[str, Any]]
Tools = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Question:
    """The history, oldest first, in the shape of chat completions, and the tools that may be called (none: off)."""

    messages: Messages
    tools: Tools


class ModelClient(Protocol):
    """A model that streams its answer."""

    @property
    def writes_c1(self) -> bool:
        """Whether its text is C1's or openui-lang, into which think items may be put."""

    @property
    def takes_tools(self) -> bool:
        """Whether it can call tools."""

    def stream(self, question: Question) -> AsyncGenerator[Piece]:
        """The answer, one piece for all that arrived together; closing the generator closes the connection.

        Raises ModelFailed, Unavailable, ModelTimeout; what was good of a bad read is yielded before.
        """
