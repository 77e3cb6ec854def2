"""A database of the code before migration 0009 is taken over without a hand, and that code's statements still run on it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from chat.models import AuditLogEntry, Message, Response, Thread, User
from chatproject.dev.bootstrap import ROOT
from tests.live.checks import assert_valid_log
from tests.live.client import SECONDS, Client
from tests.live.harness import SECRET_KEY, LiveServer, LiveServers, administer, database_url, using_database

pytestmark = [pytest.mark.live, pytest.mark.long]

FORMER = Path(__file__).with_name("former")
FORMER_MODELS = 22
TOKEN, SESSION = "chat_former_token", "formersession0123456789abcdefghi"
SCHEMA = """
SELECT 'column', table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'index', tablename, indexname, '' FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, contype::text FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
"""


def run_script(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute((FORMER / name).read_text())


def schema() -> set[tuple[str, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        return set(cursor.fetchall())


def store_session() -> None:
    """Store a session of the member of staff, as a log-in under the servers' key."""
    with override_settings(SECRET_KEY=SECRET_KEY):
        user = User(pk=1002, password="!")
        values = {
            SESSION_KEY: str(user.pk),
            BACKEND_SESSION_KEY: "django.contrib.auth.backends.ModelBackend",
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }
        data = SessionStore().encode(values)
    with connection.cursor() as cursor:
        until = timezone.now() + timedelta(days=1)
        cursor.execute("INSERT INTO django_session VALUES (%s, %s, %s)", [SESSION, data, until])


@pytest.fixture(scope="module")
def former(django_db_blocker: Any, live_database: str) -> Iterator[tuple[str, set[tuple[str, ...]]]]:
    """Provide a database of the former code, and its schema at that time; it is migrated as `up` does it."""
    name = f"{live_database}_former"
    with django_db_blocker.unblock():
        administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
        with using_database(name):
            for label in (("chat", "0008"), ("admin",), ("sessions",)):
                call_command("migrate", *label, verbosity=0)
            run_script("rows.sql")
            store_session()
            before = schema()
        environ = {**os.environ, "DATABASE_URL": database_url(name), "SECRET_KEY": SECRET_KEY}
        subprocess.run(
            [sys.executable, "-m", "chatproject.dev.commands", "prepare"], cwd=ROOT, env=environ, check=True
        )
        ContentType.objects.clear_cache()
        yield name, before
        ContentType.objects.clear_cache()
        administer(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def rows(live: None, former: tuple[str, set[tuple[str, ...]]]) -> Iterator[None]:
    """Point the ORM at the former database."""
    with using_database(former[0]):
        yield


@pytest.fixture
def server(
    live: None, former: tuple[str, set[tuple[str, ...]]], servers: LiveServers
) -> Iterator[LiveServer]:
    with servers.own(DATABASE_URL=database_url(former[0])) as server:
        yield server


def test_no_table_column_index_or_constraint_is_renamed(
    rows: None, former: tuple[str, set[tuple[str, ...]]]
) -> None:
    assert former[1] - schema() == set()


def test_every_row_is_readable(rows: None, former: tuple[str, set[tuple[str, ...]]]) -> None:
    tables = {table for _, table, *_ in former[1]}
    models = [model for model in apps.get_app_config("chat").get_models() if model._meta.db_table in tables]
    assert len(models) >= FORMER_MODELS
    for model in models:
        assert list(model._default_manager.all()), f"{model.__name__} has no former row"
    thread = Thread._base_manager.get(public_id="t-former")
    assert thread.has_custom_title
    assert Thread._base_manager.get(public_id="t-withdrawn").soft_deleted_at
    assert Message._base_manager.get(public_id="m-prompt").plain_text == "Are apples red?"
    assert_valid_log(Response.objects.get(public_id="r-former"))


def test_permissions_and_the_admins_own_log_follow_the_renamed_models(rows: None) -> None:
    staff = User.objects.get(username="staff")
    assert staff.has_perms(
        ["chat.view_accessrecord", "chat.view_thread", "chat.read_content", "chat.view_dashboard"]
    )
    content_type = LogEntry.objects.get(object_repr="laptop").content_type
    assert content_type
    assert content_type.model_class() is AuditLogEntry


def test_tokens_sessions_links_and_logs_still_work(server: LiveServer) -> None:
    with contextlib.closing(Client(server, TOKEN, "owner")) as client:
        assert [thread["threadId"] for thread in client.get("/api/threads").json()["threads"]] == ["t-former"]
        contents = [message["content"] for message in client.messages("t-former")]
        assert contents[:2] == ["Are apples red?", "Yes, most"]
        assert client.get("/api/responses/r-former/stream").text == "Yes, most"
    with httpx.Client(base_url=server.url, cookies={"sessionid": SESSION}, timeout=SECONDS) as staff:
        assert staff.get("/s/share-former-0123456789").status_code == 200
        audit_log = staff.get("/admin/chat/auditlogentry/")
        assert audit_log.status_code == 200
        assert "A former case" in audit_log.text


def test_statements_of_the_former_code_still_run(rows: None) -> None:
    run_script("statements.sql")
    assert_valid_log(Response.objects.get(public_id="r-second"))
    assert Message._base_manager.get(public_id="m-second-reply").plain_text == "Some"
    assert Thread._base_manager.get(public_id="t-former").title == "Fruit"
