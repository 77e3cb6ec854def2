"""The embedded Postgres, with real servers: joined, left, killed, moved, interrupted."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from chatproject.dev.bootstrap import ROOT
from chatproject.dev.postgres import account, cluster_home
from chatproject.dev.postgres.cluster import Postgres

AS_ROOT = os.geteuid() == 0


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with a database in it, made once."""
    folder = tmp_path_factory.mktemp("data")
    with Postgres(folder, durable=False):
        pass
    yield folder
    _remove(folder)


@pytest.fixture
def folder(made: Path) -> Iterator[Path]:
    """The same, with no server left from another test or for the next one."""
    yield made
    assert not Postgres(made).answers()


def _remove(folder: Path) -> None:
    """The data folder, and what root has elsewhere."""
    if (folder / cluster_home.LOCATION_FILE).exists():
        shutil.rmtree((folder / cluster_home.LOCATION_FILE).read_text().strip())
    shutil.rmtree(folder)


def _ask(server: Postgres, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(server.url(), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def _pid(server: Postgres) -> int:
    pid = server._pid()
    assert pid
    return pid


def test_the_database_is_there_in_utf8_and_listens_on_no_port(folder: Path) -> None:
    with Postgres(folder, durable=False) as server:
        assert _ask(server, "SHOW server_encoding") == [("UTF8",)]
        assert _ask(server, "SHOW listen_addresses") == [("",)]
        assert _ask(server, "SELECT lower('ÄЖ')") == [("äж",)]


def test_only_the_last_one_out_stops_the_server(folder: Path) -> None:
    with Postgres(folder, durable=False) as first:
        with Postgres(folder, durable=False) as second:
            assert (first.created, second.created) == (False, False)
            assert _pid(first) == _pid(second)
        assert first.answers()
    assert not first.answers()


def test_the_first_one_may_leave_before_the_others(folder: Path) -> None:
    with contextlib.ExitStack() as stack:
        first = stack.enter_context(contextlib.ExitStack())
        first.enter_context(Postgres(folder, durable=False))
        second = stack.enter_context(Postgres(folder, durable=False))
        first.close()
        assert _ask(second, "SELECT 1") == [(1,)]


def test_a_server_whose_starter_was_killed_is_joined(folder: Path) -> None:
    script = f"""
import os, signal
from pathlib import Path
from chatproject.dev.bootstrap import ROOT
from chatproject.dev.postgres.cluster import Postgres
Postgres(Path({str(folder)!r}), durable=False).start()
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script], cwd=ROOT)
    orphan = Postgres(folder)
    pid = _pid(orphan)
    with Postgres(folder, durable=False) as server:
        assert _pid(server) == pid
        assert _ask(server, "SELECT 1") == [(1,)]


def test_a_killed_server_is_started_again_by_those_who_use_it(folder: Path) -> None:
    with Postgres(folder, durable=False) as server, Postgres(folder, durable=False) as other:
        pid = _pid(server)
        os.kill(pid, signal.SIGKILL)
        assert server._process
        server._process.wait()
        other.revive()
        server.revive()
        assert _pid(server) != pid
        assert _ask(server, "SELECT 1") == [(1,)]


def test_a_living_server_is_not_revived(folder: Path) -> None:
    with Postgres(folder, durable=False) as server:
        pid = _pid(server)
        server.revive()
        assert _pid(server) == pid


def test_a_dead_server_whose_number_another_process_has_is_forgotten(folder: Path) -> None:
    home = Postgres(folder).home
    with subprocess.Popen(["sleep", "60"], cwd="/", **home.as_account()) as other:
        left = f"{other.pid}\n{home.data}\n1\n5432\n{home.sockets}\n\n1 1\nready\n"
        (home.data / "postmaster.pid").write_text(left)
        with Postgres(folder, durable=False) as server:
            assert _ask(server, "SELECT 1") == [(1,)]
        other.kill()


def test_moving_the_data_folder_loses_nothing(folder: Path, tmp_path: Path) -> None:
    with Postgres(folder, durable=False) as server:
        _ask(server, "CREATE TABLE moved AS SELECT 42 AS answer")
    folder.rename(tmp_path / "elsewhere")
    try:
        with Postgres(tmp_path / "elsewhere", durable=False) as server:
            assert not server.created
            assert _ask(server, "SELECT answer FROM moved") == [(42,)]
            _ask(server, "DROP TABLE moved")
    finally:
        (tmp_path / "elsewhere").rename(folder)


@pytest.mark.long
def test_a_fresh_start_forgets_earlier_runs_unless_somebody_is_there(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Postgres(data, durable=False, fresh=True) as first:
        _ask(first, "CREATE TABLE earlier ()")
        with Postgres(data, durable=False, fresh=True) as second:
            assert _ask(second, "SELECT to_regclass('earlier') IS NULL") == [(False,)]
    with Postgres(data, durable=False, fresh=True) as third:
        assert _ask(third, "SELECT to_regclass('earlier') IS NULL") == [(True,)]
    _remove(data)


def test_an_interrupted_creation_is_begun_anew(tmp_path: Path) -> None:
    server = Postgres(tmp_path / "data", durable=False)
    (server.home.folder / "data.new").mkdir()
    (server.home.folder / "data.new" / "PG_VERSION").write_text("18\n")
    with Postgres(tmp_path / "data", durable=False) as server:
        assert server.created
        assert _ask(server, "SELECT current_database()") == [("chat",)]
    _remove(tmp_path / "data")


def test_a_server_that_cannot_start_says_why_in_one_line(tmp_path: Path) -> None:
    with Postgres(tmp_path / "data", durable=False) as server:
        pass
    with open(server.home.data / "postgresql.conf", "a") as configuration:
        configuration.write("nonsense = 1\n")
    with pytest.raises(SystemExit, match=r"^Postgres does not start: configuration file .*postgres\.log\.$"):
        server.start()
    server.stop()
    assert "nonsense" in server.home.log.read_text()
    _remove(tmp_path / "data")


def test_the_log_holds_nothing_of_what_was_said(folder: Path) -> None:
    with Postgres(folder, durable=False) as server:
        _ask(server, "CREATE TABLE IF NOT EXISTS said (word text PRIMARY KEY)")
        _ask(server, "INSERT INTO said VALUES ('canary') ON CONFLICT DO NOTHING")
        with pytest.raises(psycopg.errors.UniqueViolation):
            _ask(server, "INSERT INTO said VALUES ('canary')")
    log = server.home.log.read_text()
    assert "duplicate key" in log
    assert "canary" not in log


def test_a_long_path_gets_a_short_private_folder_for_the_socket(tmp_path: Path) -> None:
    (tmp_path / ("long" * 30)).mkdir()
    home = cluster_home.Home(tmp_path / ("long" * 30))
    home.prepare_sockets()
    assert len(bytes(home.sockets / ".s.PGSQL.5432")) < 100
    assert home.sockets.stat().st_mode & 0o777 == 0o700
    home.sockets.chmod(0o755)
    with pytest.raises(SystemExit, match="is not private"):
        home.prepare_sockets()
    home.sockets.rmdir()


@pytest.mark.skipif(not AS_ROOT, reason="an ordinary user has everything inside the data folder")
def test_root_finds_its_database_by_a_note_and_not_in_a_temporary_folder(folder: Path) -> None:
    home = Path((folder / cluster_home.LOCATION_FILE).read_text().strip())
    assert (home / "data" / "PG_VERSION").exists()
    assert (home / "data").owner() == account.find().pw_name
    assert not home.is_relative_to("/tmp")


@pytest.mark.skipif(not AS_ROOT, reason="what belongs to another user")
def test_root_leaves_the_database_of_another_user_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    shutil.chown(tmp_path / "postgres", account.find().pw_name)
    with pytest.raises(SystemExit, match="start as that user, not as root"):
        Postgres(tmp_path)


@pytest.mark.skipif(AS_ROOT, reason="what belongs to root")
def test_a_user_leaves_the_database_of_root_alone(tmp_path: Path) -> None:
    (tmp_path / cluster_home.LOCATION_FILE).write_text("/var/lib/chatproject/somewhere\n")
    with pytest.raises(SystemExit, match="belongs to root"):
        Postgres(tmp_path)


STRANGER = 12_345


def _may(uid: int, kind: str, path: Path) -> bool:
    """Return whether a user may do this to a path: `-r`, `-w` or `-x` of the program `test`."""
    return subprocess.run(["test", kind, str(path)], user=uid, group=uid, extra_groups=[]).returncode == 0


def test_postgres_takes_connections_of_its_owner_alone(folder: Path) -> None:
    with Postgres(folder, durable=False) as server:
        rules = "SELECT type, auth_method, options FROM pg_hba_file_rules"
        assert _ask(server, rules) == [("local", "peer", ["map=owner"])]
        mappings = "SELECT sys_name, pg_username FROM pg_ident_file_mappings"
        assert _ask(server, mappings) == [(pwd.getpwuid(os.geteuid()).pw_name, "postgres")]


@pytest.mark.skipif(not AS_ROOT, reason="only root can become another user")
def test_no_other_user_can_lock_enter_or_read_anything_of_roots(folder: Path) -> None:
    home = Postgres(folder).home
    strangers = {STRANGER, pwd.getpwnam(account.FALLBACK).pw_uid} - {account.find().pw_uid}
    with Postgres(folder, durable=False):
        for uid in strangers:
            assert not any(
                _may(uid, kind, path) for path in (home.folder, home.locks) for kind in ("-r", "-x")
            )
            assert not _may(uid, "-w", home.sockets / ".s.PGSQL.5432")


@pytest.mark.skipif(not AS_ROOT, reason="only root can become another user")
def test_a_process_of_the_databases_own_account_is_refused_by_postgres(folder: Path) -> None:
    with Postgres(folder, durable=False) as server:
        program = cluster_home.programs(server.home) / "psql"
        command = [str(program), "-h", str(server.home.sockets), "-U", "postgres", "-c", "SELECT 1"]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, **server.home.as_account())
    assert done.returncode == 2
    assert "Peer authentication failed" in done.stderr


@pytest.mark.skipif(not AS_ROOT, reason="only root's database has an account of its own")
def test_data_of_another_account_is_taken_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "find", lambda: pwd.getpwnam("daemon"))
    with Postgres(folder, durable=False) as server:
        _ask(server, "CREATE TABLE kept AS SELECT 42 AS answer")
        assert server.home.data.owner() == "daemon"
    monkeypatch.undo()
    with Postgres(folder, durable=False) as server:
        assert _ask(server, "SELECT answer FROM kept") == [(42,)]
        owners = {path.owner() for path in server.home.data.rglob("*")}
        _ask(server, "DROP TABLE kept")
    assert owners == {account.find().pw_name}


def test_without_a_program_that_makes_users_the_account_is_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(account, "NAME", "no-such-account")
    monkeypatch.setattr(account, "_COMMANDS", (["no-such-program"],))
    assert account.find().pw_name == account.FALLBACK
