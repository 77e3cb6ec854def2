"""Figures of a process for its operators: Prometheus' series at `/metrics`, and traces and metrics by OTLP.

observers  reports of a process about its work, and the observers that get them
metrics    the series of `/metrics`
traces     OpenTelemetry, imported only where CHAT_OTLP_URL is set
sampler    figures that are measured now and then: the event loop's delay, open streams, the delay of notifications

No series, span or attribute holds content: ids, names from the settings, states and numbers alone.
"""

from chat.telemetry.observers import Telemetry, observers, telemetry

__all__ = ["Telemetry", "observers", "telemetry"]
