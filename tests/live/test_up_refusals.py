"""Starts that are impossible end with one line, which names the remedy and no secret."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import psycopg
import pytest

from chatproject.dev.postgres import cluster_home
from chatproject.dev.postgres.cluster import Postgres
from tests.live.test_up import CANARY, MANAGE, new_user_environment

pytestmark = pytest.mark.live


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--host", "0.0.0.0"), "Others could reach this server: set SECRET_KEY and ALLOWED_HOSTS first"),
        (("--host", "no.such.host.invalid"), "--host no.such.host.invalid: "),
        (("--processes", "0"), "must be at least 1"),
    ],
)
def test_an_impossible_start_is_reported_in_one_line(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    command = [*MANAGE, "up", "--port", "0", *arguments]
    done = subprocess.run(
        command, cwd="/", env=new_user_environment(tmp_path, {}), capture_output=True, text=True
    )
    assert done.returncode != 0
    assert message in done.stderr.splitlines()[-1]
    assert not (tmp_path / cluster_home.LOCATION_FILE).exists()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        (f"postgresql+psycopg://u:{CANARY}@127.0.0.1:1/d", "Connection refused"),
        (f"postgresql://u:{CANARY}@127.0.0.1:port/d", "DATABASE_URL must have the form"),
        (f"mysql://u:{CANARY}@127.0.0.1/d", "DATABASE_URL must have the form"),
    ],
)
@pytest.mark.parametrize("arguments", [("up", "--port", "0"), ("migrate",), ("shell", "-c", "pass")])
def test_an_unusable_database_is_reported_in_one_line_without_the_password(
    url: str, message: str, arguments: tuple[str, ...], tmp_path: Path
) -> None:
    environ = new_user_environment(tmp_path, {"DATABASE_URL": url})
    done = subprocess.run([*MANAGE, *arguments], cwd="/", env=environ, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert message in line
    assert CANARY not in line


def test_a_taken_port_ends_up_with_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [*MANAGE, "up", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(
            command, cwd="/", env=new_user_environment(tmp_path, {}), capture_output=True, text=True
        )
    assert done.returncode == 1
    assert done.stderr.startswith("Port ")
    assert len(done.stderr.splitlines()) == 1


def test_a_wrong_password_of_the_database_is_reported_in_one_line_without_it(tmp_path: Path) -> None:
    with Postgres(tmp_path, durable=False) as database:
        rules = database.home.access["hba_file"]
        rules.write_text(f"local all limited scram-sha-256\n{rules.read_text()}")
        with psycopg.connect(database.url(), autocommit=True) as connection:
            connection.execute("CREATE ROLE limited LOGIN PASSWORD 'right'")
            connection.execute("SELECT pg_reload_conf()")
        url = f"postgresql://limited:{CANARY}@/chat?host={database.home.sockets}"
        for arguments in (("up", "--port", "0"), ("migrate",)):
            environ = new_user_environment(tmp_path, {"DATABASE_URL": url})
            done = subprocess.run([*MANAGE, *arguments], cwd="/", env=environ, capture_output=True, text=True)
            assert (done.returncode, done.stdout) == (1, "")
            (line,) = done.stderr.splitlines()
            assert 'password authentication failed for user "limited"' in line
            assert CANARY not in line
    shutil.rmtree(database.home.folder)


@pytest.mark.long
def test_missing_rights_in_the_database_are_reported_without_a_traceback(tmp_path: Path) -> None:
    with Postgres(tmp_path, durable=False) as database:
        with psycopg.connect(database.url(), autocommit=True) as connection:
            connection.execute("CREATE ROLE limited")
        url = f"{database.url()}&options=-c%20role%3Dlimited"
        for arguments in (("up", "--port", "0"), ("migrate",)):
            environ = new_user_environment(tmp_path, {"DATABASE_URL": url})
            command = [*MANAGE, *arguments]
            done = subprocess.run(command, cwd="/", env=environ, capture_output=True, text=True)
            assert done.returncode == 1
            assert "permission denied for schema public" in done.stderr.splitlines()[0]
            assert "Traceback" not in done.stderr
            assert len(done.stderr.splitlines()) <= 2
    if (tmp_path / cluster_home.LOCATION_FILE).exists():
        shutil.rmtree(database.home.folder)
