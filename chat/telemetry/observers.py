"""Reports of a process about its work, and the observers that get them. Nothing here is called for a delta."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Protocol

from chat.conf import settings
from chat.process import process

if TYPE_CHECKING:
    from chat.telemetry.metrics import Metrics
    from chat.telemetry.traces import Traces

# Tokens by their kind: `prompt`, `completion`, and `reasoning` and `cached` where a provider counted them.
Tokens = Mapping[str, int]


class Observer(Protocol):
    """An observer of this process. All times are in seconds."""

    def response_ended(
        self,
        response: int,
        model: str,
        status: str,
        error_code: str | None,
        *,
        first_token: float | None,
        whole: float | None,
        tokens: Tokens,
    ) -> None:
        """Observe the end of a response. `first_token`, `whole`: since its prompt was stored."""

    def call_ended(
        self,
        model: str,
        upstream_model: str,
        outcome: str,
        error_code: str | None,
        *,
        first_token: float | None,
        seconds: float,
        tokens: Tokens,
    ) -> None:
        """Observe the end of one call of a model. `upstream_model`: its name there."""

    def tool_ended(self, tool: str, failed: bool, seconds: float) -> None:
        """Observe the end of one tool call. `tool`: the name of a tool that exists, or `unknown`."""

    def flushed(self, seconds: float, responses: int) -> None:
        """Observe one write of the logs of so many responses."""

    def notified(self, seconds: float) -> None:
        """Observe the way of one notification through the database and back."""


NO_SPAN = nullcontext()


class Telemetry:
    """The observers of this process, by the settings: none, `metrics`, `traces`, or both."""

    def __init__(self) -> None:
        self.metrics: Metrics | None = None
        self.traces: Traces | None = None
        self.observers: list[Observer] = []
        if settings.metrics:
            from chat.telemetry.metrics import Metrics

            self.metrics = Metrics()
            self.observers.append(self.metrics)
        if settings.otlp_url:
            from chat.telemetry.traces import Traces  # not at the top: an extra brings its packages

            self.traces = Traces(settings.otlp_url)
            self.observers.append(self.traces)

    def span(self, name: str, attributes: Mapping[str, str | int]) -> AbstractContextManager[object]:
        """Return a context manager: all that is reported inside it, in tasks begun there too, belongs to this span."""
        return self.traces.span(name, attributes) if self.traces else NO_SPAN


def telemetry() -> Telemetry:
    """Return the telemetry of this process."""
    return process.part(Telemetry)


def observers() -> list[Observer]:
    """Return the observers of this process."""
    return telemetry().observers
