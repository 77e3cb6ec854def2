"""The series of `/metrics`, and the spans and metrics that a collector gets."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from asgiref.sync import async_to_sync
from django.test import RequestFactory, override_settings
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from chat.api import metrics as view
from chat.exceptions import ChatError, NotFound, Unauthenticated
from chat.telemetry.metrics import Metrics
from chat.telemetry.observers import Observer
from chat.telemetry.traces import Traces
from chatproject.dev.bootstrap import ROOT
from tests.fixtures.otlp import Collector
from tests.unit.documents import code, page


def observe(observer: Observer) -> None:
    """Report one of each kind of work, and a failed tool call beside one that is done."""
    spent = {"prompt": 10, "completion": 20}
    observer.response_ended(
        7, "c1", "failed", "model_failed", first_token=0.3, whole=1.5, tokens={**spent, "cached": 5}
    )
    observer.call_ended(
        "c1", "c1-nightly", "failed", "model_failed", first_token=0.2, seconds=1.4, tokens=spent
    )
    observer.tool_ended("calculate", False, 0.01)
    observer.tool_ended("unknown", True, 0.01)
    observer.flushed(0.004, 3)
    observer.notified(0.0005)


def samples(metrics: Metrics) -> dict[tuple[str, ...], float]:
    """Return each sample by its name and the values of its labels, in the order of the labels' names."""
    body, _ = metrics.render("text/plain")
    families = text_string_to_metric_families(body.decode())
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def observed() -> Metrics:
    metrics = Metrics()
    observe(metrics)
    return metrics


def test_every_event_is_counted_under_the_names_that_the_docs_give() -> None:
    found = samples(observed())
    assert found["chat_responses_total", "model_failed", "c1", "failed"] == 1
    assert found["chat_first_token_seconds_count", "c1"] == 1
    assert found["chat_response_seconds_bucket", "2.0", "c1"] == 1
    assert found["chat_response_seconds_bucket", "1.0", "c1"] == 0
    assert found["chat_tokens_total", "completion", "c1"] == 20
    assert ("chat_tokens_total", "reasoning", "c1") not in found
    assert found["chat_model_calls_total", "model_failed", "c1", "failed"] == 1
    assert found["chat_tool_calls_total", "done", "calculate"] == 1
    assert found["chat_tool_calls_total", "failed", "unknown"] == 1
    assert found["chat_flush_seconds_count",] == 1
    assert found["chat_notification_delay_seconds_sum",] == pytest.approx(0.0005)


def test_gauges_show_the_last_sample() -> None:
    metrics = observed()
    metrics.sample(0.02, {"chat_active_responses": 4, "chat_open_sockets": 2})
    metrics.set_waiting(9)
    found = samples(metrics)
    assert found["chat_active_responses",] == 4
    assert found["chat_waiting_responses",] == 9
    assert found["chat_event_loop_delay_seconds_count",] == 1


def test_a_slow_response_has_its_key_as_an_exemplar() -> None:
    body, content_type = observed().render("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    exemplars = [
        one.exemplar.labels
        for family in parse_openmetrics(body.decode())  # type: ignore[no-untyped-call]
        for one in family.samples
        if family.name == "chat_response_seconds" and one.exemplar
    ]
    assert exemplars == [{"response": "7"}]


CHILD = """
from chat.telemetry.metrics import Metrics
metrics = Metrics()
metrics.flushed(0.1, 1)
metrics.sample(0.0, {"chat_open_streams": 2})
print(metrics.render("text/plain")[0].decode())
"""


def test_processes_of_one_up_answer_with_their_sums(tmp_path: Path) -> None:
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    outputs = [
        subprocess.run([sys.executable, "-c", CHILD], env=env, cwd=ROOT, capture_output=True, text=True)
        for _ in range(2)
    ]
    lines = outputs[-1].stdout.splitlines()
    assert "chat_flush_seconds_count 2.0" in lines
    assert "chat_open_streams 4.0" in lines or "chat_open_streams 2.0" in lines  # the first has ended


def access(token: str = "", **meta: Any) -> type[ChatError] | None:
    """Return the error of a request for the series, None where they are shown."""
    request = RequestFactory().get("/metrics", **meta)
    with override_settings(CHAT_METRICS_TOKEN=token):
        try:
            view._check_access(request)
        except ChatError as refused:
            return type(refused)
    return None


def test_without_a_token_only_this_machine_sees_the_series() -> None:
    assert access() is None
    assert access(REMOTE_ADDR="::1") is None
    assert access(REMOTE_ADDR="192.0.2.7") is NotFound
    assert access(REMOTE_ADDR="") is NotFound


@pytest.mark.parametrize("header", view.PROXY_HEADERS)
def test_a_proxy_on_this_machine_is_not_this_machine(header: str) -> None:
    assert access(**{f"HTTP_{header.upper().replace('-', '_')}": "x"}) is NotFound


def test_behind_a_trusted_proxy_nobody_sees_the_series_without_a_token() -> None:
    with override_settings(CHAT_TRUSTED_PROXY=True):
        assert access() is NotFound


def test_with_a_token_its_bearer_alone_sees_the_series() -> None:
    assert access("key", HTTP_AUTHORIZATION="Bearer key", REMOTE_ADDR="192.0.2.7") is None
    assert access("key", HTTP_AUTHORIZATION="Bearer kéy") is Unauthenticated
    assert access("key") is Unauthenticated


def test_without_metrics_the_route_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    class Off:
        metrics = None

    monkeypatch.setattr(view, "telemetry", Off)
    with pytest.raises(NotFound):
        async_to_sync(view.show)(RequestFactory().get("/metrics"))


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        yield collector


def test_a_collector_gets_spans_and_metrics_by_the_conventions(collector: Collector) -> None:
    traces = Traces(collector.url)
    with traces.span("chat.response", {"chat.response": 7}):
        observe(traces)
    traces.close()
    spans = collector.spans()
    call, tool, response = spans["chat c1-nightly"], spans["execute_tool calculate"], spans["chat.response"]
    assert (
        call.attributes.items()
        >= {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": "c1-nightly",
            "gen_ai.usage.input_tokens": 10,
            "gen_ai.usage.output_tokens": 20,
            "error.type": "model_failed",
        }.items()
    )
    assert call.seconds == pytest.approx(1.4, abs=0.01)
    assert call.parent == tool.parent == response.id
    assert response.attributes["gen_ai.usage.cache_read.input_tokens"] == 5
    assert tool.attributes["gen_ai.tool.name"] == "calculate"
    assert {"chat.flush", "chat.notification"} <= spans.keys()
    assert collector.metrics() >= {
        "gen_ai.client.operation.duration",
        "gen_ai.client.token.usage",
        "gen_ai.execute_tool.duration",
    }


def test_a_collector_that_is_away_holds_up_no_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    # Seconds, of the exporter's thread, which outlives the exit that it may not hold up.
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    traces = Traces("http://127.0.0.1:9/")
    traces.flushed(0.1, 1)
    traces.close()


def test_the_error_of_a_span_says_nothing_of_an_exception(collector: Collector) -> None:
    traces = Traces(collector.url)
    with pytest.raises(ValueError, match="canary"), traces.span("chat.claim", {}):
        raise ValueError("the canary sings")
    traces.close()
    assert "chat.claim" in collector.spans()
    assert b"canary" not in b"".join(collector.bodies)


# The series of the docs, the alerts and the dashboard against those that exist.

MONITORING = ROOT / "docs" / "operations" / "monitoring"


def series() -> set[str]:
    """Return the names of our series as queries name them, a histogram once."""
    names = {name for name, *_ in samples(observed())}
    return {re.sub("_(bucket|count|sum)$", "", name) for name in names if name.startswith("chat_")}


def test_every_series_is_documented() -> None:
    document = page("operations/telemetry.md")
    document.assert_names(document.names("series"), series())


def test_the_alerts_and_the_dashboard_name_series_and_labels_that_exist() -> None:
    rules = yaml.safe_load((MONITORING / "alerts.yaml").read_text())["groups"][0]["rules"]
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    queries = [rule["expr"] for rule in rules] + [one["expr"] for panel in panels for one in panel["targets"]]
    named = {
        re.sub("_(bucket|count)$", "", name) for query in queries for name in re.findall(r"chat_\w+", query)
    }
    assert named == series()
    assert len(rules) == 5
    assert all({"summary", "action"} == set(rule["annotations"]) for rule in rules)
    document = page("operations/telemetry.md")
    known = {"le", "instance"} | {name for row in document.rows("series") for name in code(row[2])}
    grouped = {
        name
        for query in queries
        for group in re.findall(r"by \(([^)]*)\)", query)
        for name in group.split(", ")
    }
    assert grouped <= known
