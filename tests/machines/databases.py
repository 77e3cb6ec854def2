"""Two Postgres servers on hosts of their own: a primary, and a streaming replica that can be promoted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

import psycopg

from chatproject.dev.postgres import cluster_home
from tests.live.harness import eventually
from tests.machines.network import NETWORK, Namespace, log_file

ACCESS = (
    f"local all all trust\nhost all all {NETWORK}.0/24 trust\nhost replication all {NETWORK}.0/24 trust\n"
)
# As docs/operations/machines.md recommends: what a host that vanished has locked is free again after half a minute.
OPTIONS = {
    "listen_addresses": "*",
    "unix_socket_directories": "",
    "max_connections": "120",
    "fsync": "off",
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "idle_in_transaction_session_timeout": "30s",
}


class DatabaseHost:
    """One of the two servers."""

    def __init__(self, host: Namespace, folder: Path) -> None:
        self.host, self._folder = host, folder
        self._home = cluster_home.find(folder)
        self._programs = cluster_home.programs(self._home)
        self._data = self._home.folder / "data"
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Make an empty database server."""
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "--auth=trust", "--no-sync")
        (self._data / "pg_hba.conf").write_text(ACCESS)

    def copy(self, primary: DatabaseHost) -> None:
        """Make a replica, which follows the primary from now on."""
        source = f"host={primary.host.address} user=postgres"
        self._run("pg_basebackup", "-D", str(self._data), "-d", source, "-R", "-X", "stream", "-c", "fast")

    def start(self, **options: str) -> None:
        given = [f"--{name}={value}" for name, value in (OPTIONS | options).items()]
        command = [str(self._programs / "postgres"), "-D", str(self._data), *given]
        with log_file(self._folder, "postgres") as log:
            self._process = self.host.start(command, log, {"LC_ALL": "C"}, self._user)
        eventually(self.answers, 30, f"{self.host.name} has no database")

    def crash(self) -> None:
        """Stop at once, without a last checkpoint."""
        (pid, *_) = (self._data / "postmaster.pid").read_text().split()
        os.kill(int(pid), signal.SIGQUIT)
        assert self._process
        self._process.wait(30)

    def promote(self) -> None:
        self.query("SELECT pg_promote()")

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url("chat"), autocommit=True) as link:
            cursor = link.execute(statement.encode(), values or None)
            return cursor.fetchall() if cursor.description else []

    def url(self, name: str) -> str:
        return f"postgresql://postgres@{self.host.address}:5432/{name}?connect_timeout=2"

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def create_database(self) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as link:
            link.execute("CREATE DATABASE chat")

    def stop(self) -> None:
        if self._process and self._process.poll() is None:
            self.crash()
        shutil.rmtree(self._home.folder, ignore_errors=True)

    @property
    def _user(self) -> str:
        return str(self._home.account.pw_name) if self._home.account else ""

    def _run(self, program: str, *arguments: str) -> None:
        """Run a program of Postgres on this host to its end."""
        self._home.give(self._data)
        with log_file(self._folder, program) as log:
            process = self.host.start(
                [str(self._programs / program), *arguments], log, {"LC_ALL": "C"}, self._user
            )
            assert process.wait(60) == 0, Path(log.name).read_text()
