"""A Postgres that hangs: every request is refused in time, answers go on, and slow statements are left alone."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client as Browser

from chat.db import deadlines
from chat.testing import Gate, ScriptedModel, answer
from chatproject.dev.postgres.cluster import Postgres
from tests.faults.fault_server import on_cluster, own_cluster, row
from tests.live.checks import assert_valid_log
from tests.live.client import new_id
from tests.live.harness import LiveServer, LiveServers
from tests.live.transports import SSE

# Silence, probe and queue come to some 10 s; more are a hang.
REFUSED_SECONDS = 20
PATHS = ["/api/threads", "/api/session", "/readyz", "/api/responses/r", "/api/threads?q=x"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: Any, django_db_blocker: Any) -> Iterator[Postgres]:
    with django_db_blocker.unblock(), own_cluster(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture
def on_it(live: None, cluster: Postgres, servers: LiveServers) -> Iterator[LiveServer]:
    with on_cluster(cluster), servers.own(DATABASE_URL=cluster.url()) as server:
        yield server


@contextlib.contextmanager
def hanging(cluster: Postgres) -> Iterator[None]:
    """Stop every process of Postgres within the block."""
    pid = cluster._pid()
    assert pid
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True).stdout
    pids = [pid, *map(int, listed.split())]
    for stopped in pids:
        os.kill(stopped, signal.SIGSTOP)
    try:
        yield
    finally:
        for stopped in pids:
            # A connection that was given up ends its process at once.
            with contextlib.suppress(ProcessLookupError):
                os.kill(stopped, signal.SIGCONT)


@pytest.mark.long
def test_every_request_is_refused_in_time_and_an_answer_goes_on(
    model: ScriptedModel, make_client: Any, on_it: LiveServer, cluster: Postgres
) -> None:
    client, response, gate = make_client(on_it), new_id("r"), Gate()
    model.script(answer("Before. ", gate, "After."))
    reader = SSE.send(client, response=response).until("Before. ")

    def status(path: str) -> tuple[int, float]:
        before = time.monotonic()
        code = client.http.get(path, timeout=2 * REFUSED_SECONDS).status_code
        return code, time.monotonic() - before

    with ThreadPoolExecutor(5 * len(PATHS)) as requests, hanging(cluster):
        gate.open()
        reader.until("After.")
        answered = list(requests.map(status, PATHS * 5))
        assert {code for code, _ in answered} == {503}, answered
        assert max(seconds for _, seconds in answered) < REFUSED_SECONDS, answered
        assert client.get("/healthz").status_code == 200
    received = reader.rest()
    assert (received.text.decode(), received.end["status"]) == ("Before. After.", "done")
    assert_valid_log(row(client, response))
    assert client.chat().text == "Hello from the script."


def test_a_page_is_refused_in_time(live: None, cluster: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(deadlines, "PROBE_SECONDS", 1)
    with on_cluster(cluster), hanging(cluster):
        browser, before = Browser(), time.monotonic()
        browser.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
        assert browser.get("/").status_code == 503
        assert time.monotonic() - before < REFUSED_SECONDS


@pytest.mark.django_db(transaction=True)
def test_a_slow_statement_of_a_server_that_answers_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "SILENCE_SECONDS", 0.2)
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(1)")
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_statement_fails_once_its_server_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "SILENCE_SECONDS", 0.2)
    monkeypatch.setattr(deadlines, "_server_answers", lambda _: False)
    connection.close()
    before = time.monotonic()
    with connection.cursor() as cursor, pytest.raises(OperationalError, match="does not answer"):
        cursor.execute("SELECT pg_sleep(10)")
    assert time.monotonic() - before < 10
    assert not connection.is_usable()
    connection.close()
