"""The series of `/metrics`, in Prometheus' text form.

Several processes of one `up` share one port: with PROMETHEUS_MULTIPROC_DIR each writes its series to files there, and any of
them answers with the sums.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Concatenate, ParamSpec, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector

from chat.telemetry.observers import Tokens

# Upper bounds in seconds. To the first token: from a fast model to CHAT_FIRST_TOKEN_SECONDS.
FIRST_TOKEN_BUCKETS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30)
# Of calls, tools and responses, which end after CHAT_RESPONSE_SECONDS at the latest.
WORK_BUCKETS = (0.1, 0.5, 1, 2, 5, 10, 20, 40, 80, 160, 320)
# Of what takes milliseconds on a healthy machine.
DELAY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)

GAUGES = {
    "chat_active_responses": "Responses that run in these processes, queued ones among them",
    "chat_queued_responses": "Responses that wait for their turn in a thread",
    "chat_open_streams": "Open HTTP streams",
    "chat_open_sockets": "Open WebSockets",
    "chat_database_jobs": "Calls that hold a database thread of the pool, or wait for one",
    "chat_database_threads": "Threads of the pool, each with a connection",
    "chat_received_notifications": "Notifications that have arrived in these processes",
    "chat_unflushed_bytes": "Bytes of logs that the database lacks",
}
# Of the whole database: the figure that was measured last is that of every process.
WAITING = "chat_waiting_responses"
# Reports that are counted at once, in a turn of some 3 ms.
MOST_UNCOUNTED = 100


M = TypeVar("M", Counter, Histogram)
P = ParamSpec("P")


def _by_labels(series: M) -> Callable[..., M]:
    """Return `series.labels`, which checks its labels by ten calls of Python each time, with a memory."""
    return lru_cache(maxsize=None)(series.labels)


def _later(count: Callable[Concatenate[Metrics, P], None]) -> Callable[Concatenate[Metrics, P], None]:
    """Return a method that counts a report together with others, in `Metrics.catch_up`."""

    def report(metrics: Metrics, /, *args: P.args, **kwargs: P.kwargs) -> None:
        metrics.count_later(partial(count, metrics, *args, **kwargs))

    return report


class Metrics:
    """The series of this process.

    Ends of responses and calls are counted each second, many together: one by one they take 45 calls of Python for a prompt,
    each of which finds its code and its series out of the processor's caches.
    """

    def __init__(self) -> None:
        self._uncounted: list[Callable[[], None]] = []
        self._registry = CollectorRegistry()
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, which no query here reads
        ProcessCollector(registry=self._registry)
        self._gauges = {
            name: Gauge(name, text, registry=self._registry, multiprocess_mode="livesum")
            for name, text in GAUGES.items()
        }
        self._gauges[WAITING] = Gauge(
            WAITING,
            "Responses that wait for a person, in the whole database",
            registry=self._registry,
            multiprocess_mode="mostrecent",
        )
        self._responses = self._counter("chat_responses", "Ended responses", "model", "status", "code")
        self._tokens = self._counter("chat_tokens", "Tokens of ended responses", "model", "kind")
        self._calls = self._counter("chat_model_calls", "Ended calls of models", "model", "outcome", "code")
        self._tools = self._counter("chat_tool_calls", "Ended tool calls", "tool", "outcome")
        self._first_token = _by_labels(
            self._histogram(
                "chat_first_token_seconds", "From prompt to first text", FIRST_TOKEN_BUCKETS, "model"
            )
        )
        self._whole = _by_labels(
            self._histogram("chat_response_seconds", "From prompt to the end", WORK_BUCKETS, "model")
        )
        self._call_seconds = _by_labels(
            self._histogram("chat_model_call_seconds", "Calls of models", WORK_BUCKETS, "model")
        )
        self._tool_seconds = _by_labels(
            self._histogram("chat_tool_call_seconds", "Tool calls", WORK_BUCKETS, "tool")
        )
        self._flush = self._histogram("chat_flush_seconds", "One write of logs", DELAY_BUCKETS)
        self._notification = self._histogram(
            "chat_notification_delay_seconds",
            "From sending a notification to its arrival here",
            DELAY_BUCKETS,
        )
        self._loop = self._histogram(
            "chat_event_loop_delay_seconds", "Lateness of the event loop", DELAY_BUCKETS
        )

    def _counter(self, name: str, text: str, *labels: str) -> Callable[..., Counter]:
        return _by_labels(Counter(name, text, labels, registry=self._registry))

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, text, labels, registry=self._registry, buckets=buckets)

    @_later
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
        self._responses(model, status, error_code or "").inc()
        # The key of a slow response leads to its page in the admin.
        exemplar = {"response": str(response)}
        if first_token is not None:
            self._first_token(model).observe(first_token, exemplar)
        if whole is not None:
            self._whole(model).observe(whole, exemplar)
        for kind, count in tokens.items():
            if count:
                self._tokens(model, kind).inc(count)

    @_later
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
        self._calls(model, outcome, error_code or "").inc()
        self._call_seconds(model).observe(seconds)

    def count_later(self, count: Callable[[], None]) -> None:
        """Count in `catch_up`, now where many wait for it."""
        self._uncounted.append(count)
        if len(self._uncounted) >= MOST_UNCOUNTED:
            self.catch_up()

    def catch_up(self) -> None:
        """Count the ends that were reported since the last time."""
        uncounted, self._uncounted = self._uncounted, []
        for count in uncounted:
            count()

    def tool_ended(self, tool: str, failed: bool, seconds: float) -> None:
        self._tools(tool, "failed" if failed else "done").inc()
        self._tool_seconds(tool).observe(seconds)

    def flushed(self, seconds: float, responses: int) -> None:
        self._flush.observe(seconds)

    def notified(self, seconds: float) -> None:
        self._notification.observe(seconds)

    def sample(self, loop_delay: float, figures: Mapping[str, float]) -> None:
        """Take the event loop's delay, and the figures of gauges by their names; count what has ended."""
        self.catch_up()
        self._loop.observe(loop_delay)
        for name, figure in figures.items():
            self._gauges[name].set(figure)

    def set_waiting(self, responses: int) -> None:
        self._gauges[WAITING].set(responses)

    def render(self, accept: str) -> tuple[bytes, str]:
        """Return all series and the type of their text: OpenMetrics, which alone has exemplars, where `accept` asks for it."""
        self.catch_up()
        encode, content_type = choose_encoder(accept)
        registry = self._registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return encode(registry), content_type
