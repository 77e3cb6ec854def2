"""Telemetry of a running server for its operators: series, traces and the log, without content."""

from __future__ import annotations

import json
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from chat.testing import Call, ScriptedModel, answer, tool_round
from tests.fixtures.otlp import Collector
from tests.live.client import Client, new_id
from tests.live.harness import CANARY_KEY, LiveServer, eventually

CANARY = "canary-of-the-telemetry"


def counted(server: LiveServer, client: Client, name: str) -> float:
    """Return the sum of a series over all of its labels."""
    scraped = client.http.get(f"{server.url}/metrics")
    assert scraped.headers["content-type"].startswith("text/plain")
    assert CANARY not in scraped.text
    families = text_string_to_metric_families(scraped.text)
    return sum(one.value for family in families for one in family.samples if one.name == name)


def test_a_scrape_counts_answers_calls_and_tools_and_holds_no_content(
    model: ScriptedModel, server: LiveServer, alice: Client
) -> None:
    names = ("chat_responses_total", "chat_model_calls_total", "chat_tool_calls_total")
    before = [counted(server, alice, name) for name in names]
    model.script(tool_round(Call("calculate", '{"expression": "6*7"}')), answer(CANARY))
    alice.chat(CANARY)
    expected = [count + more for count, more in zip(before, (1, 2, 1), strict=True)]
    eventually(lambda: [counted(server, alice, name) for name in names] == expected)
    eventually(lambda: counted(server, alice, "chat_database_threads") > 0)


def test_an_answer_is_one_trace_and_one_json_line_without_content(
    model: ScriptedModel, servers: Any, make_client: Any
) -> None:
    with Collector() as collector:
        telemetry = {"CHAT_OTLP_URL": collector.url, "CHAT_LOG_FORMAT": "json", "CHAT_METRICS_TOKEN": "key"}
        with servers.own(**telemetry) as server:
            client: Client = make_client(server)
            model.script(tool_round(Call("calculate", '{"expression": "6*7"}')), answer(CANARY))
            client.chat(CANARY, response=new_id("r"))
            assert client.http.get(f"{server.url}/metrics", headers={"Authorization": ""}).status_code == 401
            server.sigterm()
        spans = collector.spans()
        assert spans["chat.response"].parent == spans["chat.claim"].id
        assert spans["chat c1-nightly"].parent == spans["chat.response"].id
        assert spans["execute_tool calculate"].parent == spans["chat.response"].id
        assert len({spans[name].trace for name in ("chat.claim", "chat.response", "chat c1-nightly")}) == 1
        assert spans["chat.response"].attributes["chat.status"] == "done"
        assert "gen_ai.client.token.usage" in collector.metrics()
        sent = b"".join(collector.bodies)
        assert not [word for word in (CANARY, CANARY_KEY, client.username) if word.encode() in sent]
    lines = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
    (ended,) = [line for line in lines if line.get("action") == "response_ended"]
    assert (ended["model"], ended["status"], ended["code"]) == ("c1", "done", None)
    assert ended["completion_tokens"] > 0
    assert CANARY not in server.log
