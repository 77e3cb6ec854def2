"""`manage.py backup` and `restore`: what comes back is what was there, and a damaged file changes nothing."""

from __future__ import annotations

import io
import shutil
import stat
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, transaction

from chat.governance import holds
from chat.models import Chunk, Hold, Message, Share, Thread, User
from chatproject import backup
from chatproject.dev.postgres import cluster_home
from tests.integration.trace_rows import make_recorded
from tests.live.harness import administer, using_database

pytestmark = pytest.mark.django_db(transaction=True)

Rows = dict[str, str]

NAME = "chat.backup"


@pytest.fixture
def other() -> Iterator[str]:
    """Return the name of an empty database."""
    name = f"{connection.settings_dict['NAME']}_other"
    administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
    yield name
    administer(f'DROP DATABASE "{name}" WITH (FORCE)')


def written(folder: Path) -> Path:
    """Write a backup with an answer, its log, a share and a legal hold."""
    owner = User.objects.create(username="olga", email="olga@example.org")
    thread = make_recorded(owner).thread
    leaf = Message.objects.get(role="assistant")
    Share.objects.create(owner=owner, thread=thread, leaf=leaf, public_id="shared")
    with transaction.atomic():
        holds.place_hold(thread, "staff", "a case")
    call_command("backup", str(folder / NAME), stdout=io.StringIO())
    return folder / NAME


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("backups")


@pytest.fixture
def file(kept: Path, tmp_path: Path) -> Path:
    """Return a copy of a backup that the first test here makes."""
    made = kept / NAME
    return Path(shutil.copy(made if made.exists() else written(kept), tmp_path))


def digests(database: str) -> Rows:
    """Return a digest of all rows of each table."""
    connection.close()
    found = {}
    with using_database(database), connection.cursor() as cursor:
        cursor.execute(backup._TABLES)
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"
            )
            found[table] = cursor.fetchone()[0]
    return found


def shape(database: str) -> list[Any]:
    """Return the names of all indexes, constraints and triggers, and the sequences with their last values."""
    with using_database(database), connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"
            " UNION ALL SELECT conname FROM pg_constraint WHERE conrelid <> 0"
            " UNION ALL SELECT sequencename || coalesce(last_value, 0) FROM pg_sequences WHERE schemaname = 'public'"
            " UNION ALL SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1"
        )
        return list(cursor.fetchall())


def test_all_rows_indexes_and_constraints_come_back_in_another_database(tmp_path: Path, other: str) -> None:
    (tmp_path / f"{NAME}.part").touch()  # readable for others
    ours, file = connection.settings_dict["NAME"], written(tmp_path)
    expected, drawn = digests(ours), shape(ours)
    with using_database(other):
        call_command("restore", str(file), stdout=io.StringIO())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [NAME]
    assert digests(other) == expected
    assert shape(other) == drawn
    with using_database(other):
        assert Thread.objects.get().leaf_id == Message.objects.get(role="assistant").pk
        assert bytes(Chunk.objects.get().data) == b"Hello there, you."
        assert (Share.objects.count(), Hold.objects.count()) == (1, 1)
        assert User.objects.create(username="next").pk


def test_a_database_with_content_is_replaced_only_by_force(file: Path, other: str) -> None:
    with using_database(other):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE leftover (id int)")
        with pytest.raises(CommandError, match="--force"):
            call_command("restore", str(file))
        call_command("restore", str(file), "--force", stdout=io.StringIO())
        assert "leftover" not in connection.introspection.table_names()
        assert User.objects.get().username == "olga"


def test_a_damaged_file_changes_nothing(file: Path, other: str) -> None:
    file.write_bytes(file.read_bytes()[:-2000])
    with using_database(other):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE leftover (id int)")
        with pytest.raises(CommandError, match="pg_restore failed"):
            call_command("restore", str(file), "--force")
        assert connection.introspection.table_names() == ["leftover"]


def test_a_restoration_beside_a_running_server_is_refused(file: Path, other: str) -> None:
    with using_database(other), backup._connect(other), pytest.raises(CommandError, match="Stop the server"):
        call_command("restore", str(file))


def test_a_connection_that_is_being_closed_refuses_no_restoration(file: Path, other: str) -> None:
    with using_database(other):
        closing = threading.Timer(0.2, backup._connect(other).close)
        closing.start()
        call_command("restore", str(file), stdout=io.StringIO())
        closing.join()


def test_a_backup_that_came_back_otherwise_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = iter([{"public.chat_user": 2}, {"public.chat_user": 1}])
    monkeypatch.setattr(backup, "_count", lambda _: next(counts))
    with pytest.raises(CommandError, match=r"not whole: public\.chat_user"):
        backup.back_up(tmp_path / NAME)
    assert list(tmp_path.iterdir()) == []
    with connection.cursor() as cursor:
        mine = f"{connection.settings_dict['NAME'][:40]}%_scratch_%"
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [mine])
        assert cursor.fetchall() == []


def test_a_folder_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written: No such file or directory"):
        backup.back_up(tmp_path / "nowhere" / "chat.backup")


def test_a_server_that_is_newer_than_every_pg_dump_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cluster_home, "included", list)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(backup, "DEBIAN", Path("/nowhere"))
    with pytest.raises(CommandError, match="install postgresql-client-"):
        backup._programs()


def test_the_password_is_in_no_list_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "PASSWORD", "canary")
    assert "canary" not in backup._conninfo()
