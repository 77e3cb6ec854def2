"""Poolers: one that mixes up prepared statements is refused at the start, every other is accepted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from chat.db import health
from tests.fixtures.pgbouncer import pgbouncer
from tests.fixtures.pooler import pooler
from tests.live.harness import ROOT, database_url

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _unchecked() -> Iterator[None]:
    health.check_pooler.cache_clear()
    yield
    health.check_pooler.cache_clear()


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that points Django at a port."""

    def point(port: int) -> None:
        monkeypatch.setitem(connection.settings_dict, "HOST", "127.0.0.1")
        monkeypatch.setitem(connection.settings_dict, "PORT", str(port))

    return point


def url() -> str:
    return database_url(connection.settings_dict["NAME"])


def test_a_server_without_a_pooler_is_accepted() -> None:
    health.check_pooler()


@pytest.mark.parametrize(("transactions", "manages"), [(False, False), (True, True)])
def test_a_pooler_that_keeps_statements_apart_is_accepted(
    through: Any, transactions: bool, manages: bool
) -> None:
    with pooler(url(), transactions=transactions, manages=manages) as port:
        through(port)
        health.check_pooler()


@pytest.mark.parametrize("leftover", [False, True])
def test_a_pooler_that_mixes_statements_up_is_refused(through: Any, leftover: bool) -> None:
    with pooler(url(), transactions=True, manages=False) as port:
        if leftover:
            with psycopg.connect(f"host=127.0.0.1 port={port} user=postgres", autocommit=True) as other:
                other.execute("SELECT 2", prepare=True)
        through(port)
        with pytest.raises(ImproperlyConfigured, match=r"pgbouncer 1\.21"):
            health.check_pooler()


@pytest.mark.long
@pytest.mark.parametrize("later", [True, False])
def test_of_pgbouncer_itself_a_new_one_is_accepted_and_an_old_one_refused(
    tmp_path: Path, later: bool
) -> None:
    with pgbouncer(url(), tmp_path, later=later) as through:
        environ = {**os.environ, "DATABASE_URL": through}
        command = [sys.executable, "-m", "chatproject.dev.commands", "prepare"]
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60)
    assert done.stderr.endswith("" if later else f"{health.MIXED_UP}\n"), done.stderr
    assert (done.returncode == 0) is later


def test_the_start_is_refused_in_one_line() -> None:
    user, name = connection.settings_dict["USER"], connection.settings_dict["NAME"]
    with pooler(url(), transactions=True, manages=False) as port:
        environ = {**os.environ, "DATABASE_URL": f"postgresql://{user}@127.0.0.1:{port}/{name}"}
        command = [sys.executable, "-m", "chatproject.dev.commands", "prepare"]
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1
    assert done.stderr == f"{health.MIXED_UP}\n"
