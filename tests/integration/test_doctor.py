"""`manage.py doctor`: each fault of database, disk, models and settings is found, with its remedy."""

from __future__ import annotations

import io
import shutil
import socket
import time
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import override_settings

from chat.api.probe import ProbeFacts
from chat.db import health
from chat.llm import config
from chat.testing import ScriptedModel, answer, refusal
from chat.testing.embeddings import embedding_answer
from chat.testing.script import PacedSteps, steps_of, whole_answer
from chatproject.doctor import database, machine, models, public
from chatproject.doctor.findings import Finding
from tests.fixtures.pooler import pooler
from tests.live.harness import database_url

pytestmark = pytest.mark.django_db(transaction=True)

COUNTING = ("one two three four five six seven eight nine ten " * 5).strip()


@pytest.fixture(autouse=True)
def _unchecked() -> Iterator[None]:
    yield
    health.check_pooler.cache_clear()


def remedies(findings: Iterator[Finding] | list[Finding]) -> dict[str, str]:
    return {finding.subject: finding.remedy for finding in findings if finding.remedy}


def test_a_healthy_database_has_no_fault() -> None:
    findings = list(database.check(processes=2))
    assert remedies(findings) == {}
    assert {"database", "migrations", "notifications", "connections", "clocks"} <= {
        one.subject for one in findings
    }


def test_missing_migrations_are_found() -> None:
    recorder = MigrationRecorder(connection)
    last = recorder.migration_qs.filter(app="chat").latest("name")
    recorder.record_unapplied(last.app, last.name)
    try:
        assert "migrate" in database.migrations().remedy
    finally:
        recorder.record_applied(last.app, last.name)
    assert not database.migrations().remedy


@pytest.mark.parametrize(("manages", "found"), [(True, {"notifications"}), (False, {"prepared statements"})])
def test_a_pooler_in_the_way_is_found(
    monkeypatch: pytest.MonkeyPatch, manages: bool, found: set[str]
) -> None:
    monkeypatch.setattr(database, "LISTEN_SECONDS", 0.2)
    with pooler(database_url(connection.settings_dict["NAME"]), transactions=True, manages=manages) as port:
        monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(connection.settings_dict, "PORT", str(port))
        assert found <= remedies([database.statements(), database.notifications()]).keys()


def test_the_second_url_leads_notifications_around_a_pooler(monkeypatch: pytest.MonkeyPatch) -> None:
    host = connection.get_connection_params()["host"]
    with pooler(database_url(connection.settings_dict["NAME"]), transactions=True, manages=True) as port:
        monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(connection.settings_dict, "PORT", str(port))
        with override_settings(CHAT_NOTIFIER=f"postgresql:///?host={host}&port=5432"):
            assert database.notifications().remedy == ""


@pytest.mark.parametrize("scheme", ["redis", "nats"])
def test_a_server_of_notifications_that_is_away_is_found(scheme: str) -> None:
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        with override_settings(CHAT_NOTIFIER=f"{scheme}://127.0.0.1:{unheard.getsockname()[1]}"):
            assert "whether it runs" in database.notifications().remedy


def test_too_few_connections_are_found() -> None:
    assert "max_connections" in database.room(processes=1_000).remedy


def test_clocks_that_differ_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.time
    monkeypatch.setattr(time, "time", lambda: now() - 60)
    finding = database.clock()
    assert finding.remedy
    assert "60." in finding.text or "59." in finding.text


def test_a_disk_that_is_nearly_full_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert remedies(machine.check(tmp_path)) == {}
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(100_000_000_000, 99_000_000_000, 1_000_000_000))
    assert "Make room" in remedies(machine.check(tmp_path))["disk"]


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (answer(PacedSteps(steps_of(COUNTING.split()), 0.01)), ""),
        (refusal(401), "key is wrong"),
        (refusal(503), "Check its address"),
        (answer(COUNTING), "does not stream"),
        (whole_answer(COUNTING), "does not stream"),
    ],
)
def test_a_model_that_does_not_stream_or_refuses_is_found(
    scripted_model: ScriptedModel, monkeypatch: pytest.MonkeyPatch, script: Any, found: str
) -> None:
    scripted_model.reset()
    scripted_model.default(script)
    only = {"c1": config.specs()["c1"]}
    monkeypatch.setattr(config, "specs", lambda: only)
    with override_settings(C1_BASE_URL=scripted_model.base_url, THESYS_API_KEY="key"):
        (finding,) = async_to_sync(models.check)()
    scripted_model.reset()
    assert found in finding.remedy
    assert bool(found) == bool(finding.remedy)


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (None, ""),
        (refusal(401), "key is wrong"),
        (refusal(422), "Check its address"),
        (refusal(503), "Check its address"),
        (embedding_answer([[1.0]]), "Check its address"),
    ],
)
def test_a_server_of_embeddings_that_gives_no_vector_is_found(
    scripted_model: ScriptedModel, monkeypatch: pytest.MonkeyPatch, script: Any, found: str
) -> None:
    scripted_model.reset()
    if script is not None:
        scripted_model.default(script)
    monkeypatch.setattr(config, "specs", dict)
    with override_settings(CHAT_EMBEDDINGS={"baseUrl": scripted_model.base_url, "model": "small"}):
        (finding,) = async_to_sync(models.check)()
    scripted_model.reset()
    assert finding.subject == "embeddings small"
    assert found in finding.remedy
    assert bool(found) == bool(finding.remedy)


RIGHT: ProbeFacts = {
    "host": "chat.example.org",
    "hostServed": True,
    "scheme": "https",
    "originAllowed": True,
    "forwarded": False,
}


@pytest.mark.parametrize(
    ("wrong", "remedy"),
    [
        ({}, ""),
        ({"host": "127.0.0.1:8000"}, "proxy_set_header Host"),
        ({"hostServed": False}, "ALLOWED_HOSTS=chat.example.org"),
        ({"scheme": "http", "originAllowed": False}, "CHAT_TRUSTED_PROXY=on"),
        ({"forwarded": True}, "CHAT_TRUSTED_PROXY=on"),
        ({"originAllowed": False}, "CHAT_ALLOWED_ORIGINS=https://chat.example.org"),
    ],
)
def test_settings_that_do_not_fit_the_public_address_are_found(wrong: dict[str, Any], remedy: str) -> None:
    seen: Any = {**RIGHT, **wrong}
    (finding,) = public.judge("https://chat.example.org/", seen)
    assert remedy in finding.remedy
    assert bool(remedy) == bool(finding.remedy)


def test_the_command_lists_faults_with_remedies_and_fails() -> None:
    output = io.StringIO()
    call_command("doctor", "--no-models", stdout=output)
    assert "FAULT" not in output.getvalue()
    with pytest.raises(SystemExit) as ended:
        call_command("doctor", "--no-models", "--processes", "1000", stdout=output)
    assert ended.value.code == 1
    assert "FAULT  connections" in output.getvalue()
    assert "Remedy: Raise `max_connections`" in output.getvalue()
