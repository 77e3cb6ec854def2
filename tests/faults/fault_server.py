"""What tests of faults share: servers that start with a fault built in, and a look behind the scenes of the database."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from django.core.management import call_command
from django.db import connection

from chat.models import Response
from chatproject.dev.postgres.cluster import Postgres
from tests.live.client import Client
from tests.live.harness import ROOT, LiveServer, LiveServers, assert_clean, database_url, eventually

LEASE = "2"  # seconds; short, yet four heartbeats that a busy machine can keep
MAX_ACTIVE = "300"  # active responses of one user: no quota is to end these scenes


class FaultServer(LiveServer):
    """A server process with another ASGI application, `module:name`."""

    application = ""

    def start(self) -> LiveServer:
        fd = str(self.listener.fileno())
        command = [sys.executable, "-m", "chatproject.server", "--fd", fd, "--exit-with-parent"]
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--application", self.application],
                cwd=ROOT,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[int(fd)],
            )
        return self


@contextlib.contextmanager
def start_fault_server(servers: LiveServers, application: str, **env: str) -> Iterator[LiveServer]:
    """A server of one test that runs `tests.faults.<application>:application`."""
    plain = servers._made({"CHAT_ACTIVE_PER_USER": MAX_ACTIVE, **env})
    server = FaultServer(plain.folder, plain.env, plain.listener)
    server.application = f"tests.faults.{application}:application"
    try:
        yield server.start().wait_until_ready()
        assert_clean(server)
    finally:
        server.close()


def row(client: Client, public_id: str) -> Response:
    """The response as it stands in the database."""
    return Response.objects.get(owner__username=client.username, public_id=public_id)


def wait_until_stored(client: Client, public_id: str, length: int) -> None:
    """Return once the table holds so many bytes of a log."""
    eventually(lambda: row(client, public_id).log_length >= length, says=f"{public_id} was not written down")


def with_application_name(url: str, name: str) -> str:
    """The database URL of a server whose connections are to be told from others'."""
    return f"{url}&application_name={name}"


def query_rows(statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """The rows that a statement gives, if it gives any."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return list(cursor.fetchall()) if cursor.description else []


def cut_connections(name: str, listening: bool | None = None) -> int:
    """End the database connections of a server; `listening`: only its ear, or all but that. How many it were."""
    which = {None: "", True: "AND query LIKE 'LISTEN%%'", False: "AND query NOT LIKE 'LISTEN%%'"}[listening]
    ended = query_rows(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s {which}", name
    )
    return len(ended)


@contextlib.contextmanager
def locked(table: str, pk: int) -> Iterator[None]:
    """A row that somebody else holds."""
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
    """Django's default connection meanwhile leads to another Postgres."""
    there = {
        "HOST": str(cluster.home.sockets),
        "NAME": "chat",
        "USER": "postgres",
        "PORT": "",
        "PASSWORD": "",
    }
    before = {name: connection.settings_dict[name] for name in there}
    connection.close()
    connection.settings_dict.update(there)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)


@contextlib.contextmanager
def own_cluster(folder: Path) -> Iterator[Postgres]:
    """A Postgres with the product's tables for tests that stop it, as durable as in real use."""
    cluster = Postgres(folder)
    try:
        with cluster:
            with on_cluster(cluster):
                call_command("migrate", verbosity=0)
            yield cluster
    finally:
        shutil.rmtree(cluster.home.folder)


def crash(cluster: Postgres) -> None:
    """Postgres goes down at once, without a last checkpoint."""
    pid = cluster._pid()
    assert pid
    connection.close()
    os.kill(pid, signal.SIGQUIT)
    # Its file is gone before the process is; one that is still there would not be started anew.
    eventually(
        lambda: not cluster._pid() and (cluster._process is None or cluster._process.poll() is not None)
    )
