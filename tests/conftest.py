"""Shared fixtures: the test databases, and real servers with a scripted model behind them.

Live tests share servers and never flush: each makes its own users, in a copy of the test database that the other tests do
not see.
"""

from __future__ import annotations

import gc
import importlib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from httpx._config import DEFAULT_TIMEOUT_CONFIG

from chat.testing import ScriptedModel
from tests import distribution
from tests.chromium.fixture import chromium, pytest_runtest_makereport  # noqa: F401  found here by pytest


def pytest_configure(config: pytest.Config) -> None:
    """Lift the limits of time that libraries set themselves: those of Hypothesis, and httpx's five seconds for a request."""
    from hypothesis import HealthCheck, settings

    from tests.fixtures.template import name_run
    from tests.live.harness import END_SECONDS

    name_run()
    # No property bounds the time of a clock on the wall: on a starved machine a draw takes seconds.
    settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("tests")
    for step in ("connect", "read", "write", "pool"):
        setattr(DEFAULT_TIMEOUT_CONFIG, step, END_SECONDS)
    # Each client makes one otherwise, also those of a poll: 30 ms.
    transports: Any = importlib.import_module("httpx._transports.default")
    transports.create_ssl_context = cache(transports.create_ssl_context)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--pooler", action="store_true", help="servers reach the database through pgbouncer")
    parser.addoption("--all", action="store_true", help="run the tests that take minutes, too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the slow folders first, and leave the long tests to `--all`."""
    items.sort(key=lambda item: distribution.position(item.nodeid, getattr(item, "fixturenames", ())))
    if not config.getoption("--all"):
        long = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


def pytest_collection_finish() -> None:
    """Keep the half a million objects of 8,000 collected tests out of each later garbage collection."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Distribute the tests by file, where `--dist loadfile` asks for it."""
    if config.getoption("dist") == "loadfile":
        return distribution.FileDistribution(config, log)
    return None


def pytest_unconfigure() -> None:
    from tests.fixtures.template import drop_template

    drop_template()


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """Forget the language that a request in this process asked for: Django's middleware leaves it to the next test."""
    yield
    translation.deactivate()


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, migrated_template: str
) -> None:
    """Extend pytest-django's fixture: the test database is a copy of the template, and has nothing left to migrate."""
    from django.db import connection

    connection.settings_dict["TEST"]["TEMPLATE"] = migrated_template


@pytest.fixture(scope="session")
def migrated_template(django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the name of a migrated database to copy."""
    from tests.fixtures.template import ensure_template

    with django_db_blocker.unblock():
        return ensure_template(tmp_path_factory.getbasetemp().parent)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> Iterator[None]:
    """Extend pytest-django's fixture: end all connections before the database is dropped, which would wait for them."""
    yield
    close_connections_of_threads()


@pytest.fixture(scope="session")
def live_database(django_db_blocker: Any, worker_id: str, migrated_template: str) -> Iterator[str]:
    """Return the name of the live tests' database, migrated. It is separate from the test database, whose rows change."""
    from django.db import connection

    from tests.live.harness import created_database

    with (
        django_db_blocker.unblock(),
        created_database(f"{connection.settings_dict['NAME']}_{worker_id}_live", migrated_template) as name,
    ):
        yield name


@pytest.fixture(scope="session")
def live_connection(live_database: str) -> Iterator[Any]:
    """Provide a connection to the live database that stays open: a new one for each test costs 10 ms."""
    from django.db import connections

    kept = connections.create_connection("default")
    yield kept
    kept.close()


def close_connections_of_threads() -> None:
    """Close the connection of asgiref's thread, which would keep the test database from being dropped."""
    from asgiref.sync import SyncToAsync
    from django.db import connections

    SyncToAsync.single_thread_executor.submit(connections.close_all).result()


@pytest.fixture(scope="session")
def scripted_model() -> Iterator[ScriptedModel]:
    with ScriptedModel() as model:
        yield model


@pytest.fixture(scope="session")
def way(live_database: str, tmp_path_factory: Any, pytestconfig: pytest.Config) -> Iterator[dict[str, str]]:
    """Provide the settings of the way to the live database: straight, or through pgbouncer with LISTEN around it."""
    from tests.live.harness import database_url

    url = database_url(live_database)
    if not pytestconfig.getoption("--pooler"):
        yield {"DATABASE_URL": url}
        return
    from tests.fixtures.pgbouncer import pgbouncer

    with pgbouncer(url, tmp_path_factory.mktemp("pgbouncer")) as through:
        yield {"DATABASE_URL": through, "CHAT_NOTIFIER": url}


@pytest.fixture(scope="session")
def servers(way: dict[str, str], scripted_model: ScriptedModel, tmp_path_factory: Any) -> Iterator[Any]:
    """Provide servers on the live database: `keep(**env)` shared ones, `own(**env)` for one test."""
    from tests.live.harness import CANARY_KEY, SECRET_KEY, LiveServers

    folder: Path = tmp_path_factory.mktemp("servers")
    env = {
        **way,
        "SECRET_KEY": SECRET_KEY,
        "C1_BASE_URL": scripted_model.base_url,
        "THESYS_API_KEY": CANARY_KEY,
        "C1_ARTIFACT_URL": f"{scripted_model.base_url}artifact/",
        "OPENASSISTANT_BASE_URL": scripted_model.base_url,
        "OPENASSISTANT_API_KEY": CANARY_KEY,
        "CHAT_GUESTS": "1",
        "CHAT_SIGNUP": "1",
        **PATIENCE,
    }
    made = LiveServers(folder, env)
    yield made
    made.close()


@pytest.fixture
def live(
    live_database: str,
    live_connection: Any,
    django_db_blocker: Any,
    servers: Any,
    scripted_model: ScriptedModel,
) -> Iterator[None]:
    """Provide the live database to the ORM for each live test, and run the leak checks afterwards."""
    from django.db import connection

    from chat.models import LoginAttempt
    from tests.live.harness import using_connection
    from tests.live.leak_checks import LeakChecks

    with django_db_blocker.unblock(), using_connection(live_connection, live_database):
        with connection.cursor() as cursor:  # one statement, where a query set has three
            cursor.execute(f"DELETE FROM {LoginAttempt._meta.db_table}")  # all tests come from one address
        servers.close_unused()
        checks = LeakChecks(servers)
        yield
        try:
            checks.check()
        finally:
            scripted_model.reset()


@pytest.fixture
def model(live: None, scripted_model: ScriptedModel) -> ScriptedModel:
    """Provide the model behind every server."""
    return scripted_model


@pytest.fixture
def server(live: None, servers: Any) -> Any:
    """Provide the shared server with the default settings, except that a user may have many responses."""
    return servers.keep(CHAT_ACTIVE_PER_USER="20")


@pytest.fixture
def second(live: None, servers: Any) -> Any:
    """Provide another process like `server`, on a port of its own and the same database."""
    return servers.keep(number=2, CHAT_ACTIVE_PER_USER="20")


# Long deadlines of models for all servers: between two steps of a test, in which a gate holds the answer back, a busy
# machine passes the usual 30 s.
PATIENCE = {f"CHAT_{name}_SECONDS": "600" for name in ("FIRST_TOKEN", "SILENCE", "THINKING", "RESPONSE")}
# The settings of the shared servers with small limits.
STRICT = {
    "CHAT_TEXT_BYTES": "20000",
    "CHAT_CONTENT_BYTES": "5000",
    "CHAT_MODEL_ERRORS": "status",
    "CHAT_GUESTS": "0",
    "CHAT_SIGNUP": "0",
}


@pytest.fixture
def strict(live: None, servers: Any) -> Any:
    """Provide the shared server with small limits, without guests, whose model errors are HTTP statuses."""
    return servers.keep(**STRICT)


@pytest.fixture
def make_client(live: None) -> Iterator[Callable[..., Any]]:
    """Provide a function that makes a new user of a server; with `token=False` a visitor with cookies only."""
    from tests.live.client import Client, new_id

    made: list[Client] = []

    def make(server: Any, *, token: bool = True) -> Client:
        from chat.models import ApiToken, User

        name = new_id("user")
        user = User.objects.create(username=name) if token else None
        client = Client(server, ApiToken.issue(user, "tests") if user else None, name)
        made.append(client)
        return client

    yield make
    for client in made:
        client.close()


@pytest.fixture
def alice(make_client: Callable[..., Any], server: Any) -> Any:
    return make_client(server)


@pytest.fixture
def bob(make_client: Callable[..., Any], server: Any) -> Any:
    return make_client(server)
