"""Traces and metrics by OpenTelemetry's semantic conventions for generative AI, sent over HTTP to a collector.

A response is a span with one child for each call of a model and each tool call. Spans are made when the work has ended, with
its times: nothing is done while a model answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from chat.telemetry.observers import Tokens

try:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
except ImportError as missing:
    raise ImproperlyConfigured(
        "CHAT_OTLP_URL needs the packages opentelemetry-sdk and opentelemetry-exporter-otlp-proto-http."
    ) from missing

# The protocol that all model servers here speak, which is what the conventions' provider names.
PROVIDER = "openai"
# Seconds for the last spans at the end of a process, of the 5 that it has.
CLOSE_SECONDS = 1.0
NANOSECONDS = 1_000_000_000
# The attributes of a span by the kind of tokens.
TOKEN_ATTRIBUTES = {
    "prompt": "gen_ai.usage.input_tokens",
    "completion": "gen_ai.usage.output_tokens",
    "cached": "gen_ai.usage.cache_read.input_tokens",
    "reasoning": "gen_ai.usage.reasoning.output_tokens",
}

Attributes = Mapping[str, str | int | float]


class Traces:
    """The exporters of this process."""

    def __init__(self, url: str) -> None:
        # OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME add to these.
        resource = Resource.create({"service.name": "chat"})
        self._tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{url}v1/traces")))
        self._tracer = self._tracers.get_tracer("chat")
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(f"{url}v1/metrics"))
        self._meters = MeterProvider([reader], resource, shutdown_on_exit=False)
        meter = self._meters.get_meter("chat")
        self._duration = meter.create_histogram("gen_ai.client.operation.duration", "s")
        self._first_chunk = meter.create_histogram("gen_ai.client.operation.time_to_first_chunk", "s")
        self._token_usage = meter.create_histogram("gen_ai.client.token.usage", "{token}")
        self._tool_duration = meter.create_histogram("gen_ai.execute_tool.duration", "s")

    def span(self, name: str, attributes: Attributes) -> AbstractContextManager[object]:
        # Exceptions are not recorded: their messages may quote content.
        return self._tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        )

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
        """Complete the span of a response that has run here; it is the current one."""
        span = trace.get_current_span()
        span.set_attribute("chat.status", status)
        _set_tokens(span, tokens)
        _set_error(span, error_code)

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
        common = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": PROVIDER}
        common |= {"gen_ai.request.model": upstream_model}
        failed = {"error.type": error_code} if error_code else {}
        span = self._past(f"chat {upstream_model}", seconds, common, trace.SpanKind.CLIENT)
        span.set_attributes({"chat.model": model, "chat.outcome": outcome})
        if first_token is not None:
            span.set_attribute("gen_ai.response.time_to_first_chunk", first_token)
            self._first_chunk.record(first_token, common)
        _set_tokens(span, tokens)
        _set_error(span, error_code)
        span.end()
        self._duration.record(seconds, common | failed)
        for kind, counted in (("input", "prompt"), ("output", "completion")):
            self._token_usage.record(tokens[counted], common | {"gen_ai.token.type": kind})

    def tool_ended(self, tool: str, failed: bool, seconds: float) -> None:
        attributes = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": tool}
        span = self._past(f"execute_tool {tool}", seconds, attributes)
        _set_error(span, "tool_failed" if failed else None)
        span.end()
        self._tool_duration.record(seconds, {"gen_ai.tool.name": tool})

    def flushed(self, seconds: float, responses: int) -> None:
        self._past("chat.flush", seconds, {"chat.responses": responses}).end()

    def notified(self, seconds: float) -> None:
        self._past("chat.notification", seconds, {}).end()

    def _past(
        self,
        name: str,
        seconds: float,
        attributes: Attributes,
        kind: trace.SpanKind = trace.SpanKind.INTERNAL,
    ) -> trace.Span:
        """Begin a span in the past, which the caller ends now."""
        began = time.time_ns() - int(seconds * NANOSECONDS)
        return self._tracer.start_span(name, kind=kind, attributes=attributes, start_time=began)

    def close(self) -> None:
        """Send what is left, for at most CLOSE_SECONDS: a collector that hangs must not hold up the exit."""
        sending = threading.Thread(target=self._shut_down, daemon=True)
        sending.start()
        sending.join(CLOSE_SECONDS)

    def _shut_down(self) -> None:
        self._tracers.shutdown()
        self._meters.shutdown()


def _set_tokens(span: Any, tokens: Tokens) -> None:
    for kind, attribute in TOKEN_ATTRIBUTES.items():
        if kind in tokens:
            span.set_attribute(attribute, tokens[kind])


def _set_error(span: Any, code: str | None) -> None:
    if code:
        span.set_attribute("error.type", code)
        span.set_status(trace.StatusCode.ERROR)
