"""Helpers of the fault tests: servers with a built-in fault, and direct access to the database."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import connection

from chat.models import Response
from chatproject.dev.postgres.cluster import Postgres
from tests.contract.expect import assert_problem
from tests.live.client import Client, new_id
from tests.live.harness import LiveServer, LiveServers, assert_clean, database_url, eventually

# Seconds: short, yet long enough for four heartbeats on a busy machine.
LEASE = "2"
# Active responses of one user: no quota interferes with these tests.
MAX_ACTIVE = "300"


@contextlib.contextmanager
def start_fault_server(servers: LiveServers, application: str, **env: str) -> Iterator[LiveServer]:
    """Start a server for one test that runs `tests.faults.<application>:application`."""
    server = servers._made({"CHAT_ACTIVE_PER_USER": MAX_ACTIVE, **env})
    server.arguments = ("--application", f"tests.faults.{application}:application")
    try:
        yield server.start().wait_until_ready()
        assert_clean(server)
    finally:
        server.close()


def row(client: Client, public_id: str) -> Response:
    """Return the row of a response."""
    return Response.objects.get(owner__username=client.username, public_id=public_id)


def refused(client: Client) -> bool:
    """Send a prompt, and return whether it was refused as `unavailable`."""
    answered = client.chat("Meanwhile", thread=new_id("t"))
    if not answered.is_success:
        assert_problem(answered, "unavailable", 503)
    return not answered.is_success


def wait_until_stored(client: Client, public_id: str, length: int) -> None:
    """Return once the table holds so many bytes of a log."""
    eventually(lambda: row(client, public_id).log_length >= length, says=f"{public_id} was not written down")


def with_application_name(url: str, name: str) -> str:
    """Return the database URL for a server whose connections are to be distinguished from others."""
    return f"{url}&application_name={name}"


def query_rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Return the rows of a statement, if any."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall()) if cursor.description else []


def cut_connections(name: str, listening: bool | None = None) -> int:
    """End the database connections of a server and return their number; `listening`: the listener alone, or all others."""
    which = {None: "", True: "AND query LIKE 'LISTEN%%'", False: "AND query NOT LIKE 'LISTEN%%'"}[listening]
    ended = query_rows(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s {which}", name
    )
    return len(ended)


@contextlib.contextmanager
def locked(table: str, pk: int) -> Iterator[None]:
    """Hold the lock of a row from another connection."""
    with psycopg.connect(database_url(connection.settings_dict["NAME"])) as other:
        other.execute(f"SELECT 1 FROM {table} WHERE id = %s FOR UPDATE".encode(), [pk])
        yield


def is_lock_awaited() -> bool:
    found = query_rows(
        "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    return bool(found)


@contextlib.contextmanager
def on_cluster(cluster: Postgres) -> Iterator[None]:
    """Point Django's default connection at another Postgres within the block."""
    target = {
        "HOST": str(cluster.home.sockets),
        "NAME": "chat",
        "USER": "postgres",
        "PORT": "",
        "PASSWORD": "",
    }
    before = {name: connection.settings_dict[name] for name in target}
    connection.close()
    connection.settings_dict.update(target)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


@contextlib.contextmanager
def own_cluster(folder: Path) -> Iterator[Postgres]:
    """Provide a Postgres with the product's tables for tests that stop it, as durable as in real use."""
    cluster = Postgres(folder)
    try:
        with cluster:
            with on_cluster(cluster):
                call_command("migrate", verbosity=0)
            yield cluster
    finally:
        shutil.rmtree(cluster.home.folder)


def crash(cluster: Postgres) -> None:
    """Stop Postgres at once, without a last checkpoint."""
    pid = cluster._pid()
    assert pid
    connection.close()
    os.kill(pid, signal.SIGQUIT)
    # The lock file disappears before the process does; `start` would take that for a running server.
    eventually(
        lambda: not cluster._pid() and (cluster._process is None or cluster._process.poll() is not None)
    )
