"""Durable Streams' conformance tests of servers, as far as they read text, on `/v1/streams`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chat.models import Response
from chat.testing import ScriptedModel
from tests.clients.conftest import Clients
from tests.clients.writing_adapter import writing_adapter
from tests.live.harness import eventually

RUNNER = "durable_streams.test.mjs"

# The groups of tests that read, but for those whose streams hold something else than text.
GROUPS = (
    "Append Operations should append",
    "Read Operations",
    "Long-Poll",
    "HTTP Protocol should (return correct headers on GET|return empty body|read from offset)",
    "Browser Security Headers .*(HEAD|long-poll|error)",
    "HEAD Metadata should (?!return (TTL|Expires))",
    "HEAD Metadata should return (404|tail)",
    "Offset Validation and Resumability",
    "Protocol Edge Cases should .*(offset|immutability|PUT with initial|query)",
    "Caching and ETag",
    "Read-Your-Writes",
    "SSE Mode",
    "Stream Closure (HEAD|Read Closed|Long-poll|SSE)",
    "Stream Closure Edge Cases offset-now",
)
OTHER = "JSON|json|base64|[Bb]inary|protobuf|png|large|atomically"
SELECTED = f"^(?!.*({OTHER})).*({'|'.join(GROUPS)})"
# Tests that look for `data:` without the blank that our events have and that their standard drops.
DIFFERENT = {
    "SSE Mode should generate streamCursor in SSE control events",
    "SSE Mode should handle cursor collision with jitter in SSE mode",
    "SSE Mode should handle newlines in text/plain payloads",
}
# At least so many tests are selected.
TESTS = 80
# Seconds of all, and milliseconds of one: a long poll takes 20 s.
RUN_SECONDS = 600
TEST_MS = 60_000

pytestmark = pytest.mark.long


def results(clients: Clients, url: str) -> list[dict[str, Any]]:
    """Return the results of the selected tests."""
    shutil.copyfile(Path(__file__).with_name(RUNNER), clients.folder / RUNNER)
    report = clients.folder / "report.json"
    vitest = clients.folder / "node_modules" / "vitest" / "vitest.mjs"
    options = ["--reporter=json", f"--outputFile={report}", "--root", str(clients.folder)]
    chosen = ["-t", SELECTED, f"--testTimeout={TEST_MS}"]
    subprocess.run(
        [*clients.tools.node, str(vitest), "run", RUNNER, *options, *chosen],
        cwd=clients.folder,
        env={**os.environ, "CONFORMANCE_TEST_URL": url, "CI": "1"},
        capture_output=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    files = json.loads(Path(report).read_text())["testResults"]
    return [test for file in files for test in file["assertionResults"] if test["status"] != "skipped"]


def test_reading_conforms(model: ScriptedModel, servers: Any, make_client: Any, clients: Clients) -> None:
    server = servers.keep(
        CHAT_ACTIVE_PER_USER="1000",
        CHAT_FIRST_TOKEN_SECONDS="600",
        CHAT_SILENCE_SECONDS="600",
        CHAT_ALLOWED_ORIGINS="https://example.com",
    )
    with writing_adapter(model, make_client(server)) as url:
        tests = results(clients, url)
        failed = {test["fullName"]: test["failureMessages"] for test in tests if test["status"] != "passed"}
    eventually(lambda: not Response.objects.filter(status="streaming").exists())
    assert failed.keys() == DIFFERENT, failed
    assert len(tests) >= TESTS
